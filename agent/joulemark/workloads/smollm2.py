"""SmolLM2 135M Instruct: one model that is asked, in words, for every task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from joulemark.translation import gettext as _
from joulemark.workloads.base import Output, Query, WorkloadError
from joulemark.workloads.gguf_cache import converted
from joulemark.workloads.labels import first_label
from joulemark.workloads.packaged import PackagedWorkload
from joulemark.workloads.pretrained import open_pretrained, open_tokenizer


class TextGenerator(PackagedWorkload):
    """Answers with the text that greedy decoding gives, at most the job's `max_new_tokens` long."""

    _tokenizer: Any
    _model: Any

    def open_model(self, weights: Path) -> torch.nn.Module:
        """See PackagedWorkload; the weights are converted on first use."""
        if None in (self.job.prompt, self.job.prompt_style, self.job.max_new_tokens, self.job.decoding):
            raise WorkloadError(
                _("The suite does not state the prompt of {key}. Use another suite.").format(key=self.job.key)
            )
        digest = self.suite.weights_sha256(self.job.model)
        folder = converted(weights, digest=digest, cache_dir=self.cache_dir)
        self._tokenizer = open_tokenizer(folder)
        self._model = open_pretrained(AutoModelForCausalLM, folder, self.device)
        return self._model

    def answer(self, query: Query) -> Output:
        """See Workload. The end-of-text token counts as an output token: it was generated."""
        prompt = str(self.job.prompt).replace("{text}", query.inputs["text"])
        tokens = self._tokens(prompt).to(self.device)
        with torch.inference_mode():
            generated = self._model.generate(
                **tokens, max_new_tokens=self.job.max_new_tokens, do_sample=False, num_beams=1
            )
        new = generated[0, tokens["input_ids"].shape[1] :]
        text = self._tokenizer.decode(new, skip_special_tokens=True).strip()
        return Output(query.id, text, len(new))

    def _tokens(self, prompt: str) -> Any:
        if self.job.prompt_style == "completion":
            return self._tokenizer(prompt, return_tensors="pt")
        turn = [{"role": "user", "content": prompt}]
        return self._tokenizer.apply_chat_template(
            turn, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )


class PromptedClassifier(TextGenerator):
    """Answers with the label that the generated text names first."""

    def answer(self, query: Query) -> Output:
        """See Workload."""
        generated = super().answer(query)
        labels = [label.id for label in self.suite.dataset(self.job.dataset).labels]
        return Output(query.id, first_label(generated.value, labels), generated.output_tokens)
