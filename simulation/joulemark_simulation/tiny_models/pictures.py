"""Tiny models that look at pictures or make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark_simulation.tiny_models.texts import SPREAD
from joulemark_simulation.tiny_models.tokens import bytes_of_text

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ("red", "green", "blue", "grey", "black", "white")
OBJECTS = ("square", "disc")


def vit(folder: Path) -> None:
    """Six classes of 32 by 32 pixels."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    config = ViTConfig(
        image_size=32,
        patch_size=8,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=SPREAD,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
    )
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def yolos(folder: Path) -> None:
    """Ten detections in 64 by 64 pixels."""
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    config = YolosConfig(
        image_size=[64, 64],
        patch_size=16,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_detection_tokens=10,
        initializer_range=0.15,
        id2label=dict(enumerate(OBJECTS)),
        label2id={name: number for number, name in enumerate(OBJECTS)},
    )
    model = YolosForObjectDetection(config)
    model.vit.embeddings.detection_tokens.data.normal_()  # made as zeros, they would all find the same
    model.save_pretrained(folder)
    YolosImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)


def vit_gpt2(folder: Path) -> None:
    """A ViT that a GPT-2 looks through."""
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessorPil,
    )

    tokenizer = bytes_of_text(ends=False)
    looking = ViTConfig(
        image_size=32,
        patch_size=8,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=SPREAD,
    )
    saying = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=64,
        initializer_range=SPREAD,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(looking, saying)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 0, 1, 2
    model = VisionEncoderDecoderModel(config)
    model.generation_config.update(decoder_start_token_id=0, pad_token_id=1, eos_token_id=2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


_LAYERS = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
_LOOKING = {**_LAYERS, "image_size": 32, "patch_size": 8, "initializer_range": SPREAD}


def blip(folder: Path) -> None:
    """A captioner with one start token."""
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessorPil

    tokenizer = bytes_of_text(ends=False)
    special = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "sep_token_id": 2}
    saying = {**_LAYERS, **special, "vocab_size": len(tokenizer), "encoder_hidden_size": 32}
    config = BlipConfig(text_config=saying, vision_config=_LOOKING, projection_dim=16)
    BlipForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def blip2(folder: Path) -> None:
    """A captioner whose answers begin with four places for the picture and a start token."""
    from transformers import Blip2Config, Blip2ForConditionalGeneration, BlipImageProcessorPil

    tokenizer = bytes_of_text(ends=False)
    saying = {
        "model_type": "opt",
        "vocab_size": len(tokenizer) + 1,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "ffn_dim": 64,
        "word_embed_proj_dim": 32,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }
    config = Blip2Config(
        vision_config=_LOOKING,
        qformer_config={**_LAYERS, "encoder_hidden_size": 32, "vocab_size": 8},
        text_config=saying,
        num_query_tokens=4,
        image_token_index=len(tokenizer),
    )
    Blip2ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def stable_diffusion(folder: Path) -> None:
    """CLIP, a UNet and a VAE for pictures of 32 by 32 pixels."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,?!"]
    pieces = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    tokenizer = CLIPTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=[], model_max_length=16
    )
    reader = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(pieces),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    denoiser = UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
    )
    painter = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(16, 16),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    StableDiffusionPipeline(
        vae=painter,
        text_encoder=reader,
        tokenizer=tokenizer,
        unet=denoiser,
        scheduler=DDIMScheduler(
            num_train_timesteps=50, steps_offset=1, clip_sample=False, set_alpha_to_one=False
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
