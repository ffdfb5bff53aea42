"""Tiny models that read and write text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark_simulation.tiny_models.tokens import LONGEST, bytes_of_text, unigram, wordpiece

if TYPE_CHECKING:
    from pathlib import Path

SENTIMENTS = {0: "NEG", 1: "POS"}
NAMES = {0: "O", 1: "B-PER", 2: "B-LOC"}
SPREAD = 0.5
"""Weights this far apart let a model of this size answer different texts differently."""


def _bert(folder: Path, kind: str, **settings: Any) -> None:
    import transformers

    tokenizer = wordpiece()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LONGEST,
        initializer_range=SPREAD,
        **settings,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def bert_for_sentiment(folder: Path) -> None:
    """Two classes, under names that are not the data set's."""
    _bert(folder, "BertForSequenceClassification", id2label=SENTIMENTS, label2id={"NEG": 0, "POS": 1})


def bert_for_questions(folder: Path) -> None:
    """Finds spans."""
    _bert(folder, "BertForQuestionAnswering")


def bert_for_masks(folder: Path) -> None:
    """Fills masks."""
    _bert(folder, "BertForMaskedLM")


def bert_for_names(folder: Path) -> None:
    """Finds people and places."""
    _bert(
        folder, "BertForTokenClassification", id2label=NAMES, label2id={name: n for n, name in NAMES.items()}
    )


def llama(folder: Path) -> None:
    """A decoder that never says that a text ends."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = bytes_of_text(ends=False)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        initializer_range=SPREAD,
        bos_token_id=0,
        eos_token_id=None,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def bloom(folder: Path) -> None:
    """A decoder without a table of positions."""
    from transformers import BloomConfig, BloomForCausalLM

    tokenizer = bytes_of_text(ends=False)
    config = BloomConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        n_layer=2,
        n_head=2,
        initializer_range=SPREAD,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )
    BloomForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def bart(folder: Path) -> None:
    """An encoder-decoder whose settings ask for a search with two beams, as those of real summarizers do for four."""
    from transformers import BartConfig, BartForConditionalGeneration

    tokenizer = bytes_of_text(ends=True)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        init_std=SPREAD,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=2,
    )
    model = BartForConditionalGeneration(config)
    model.generation_config.num_beams = 2
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def t5(folder: Path) -> None:
    """An encoder-decoder with relative positions, as Flan-T5."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = unigram()
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        initializer_factor=8.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
