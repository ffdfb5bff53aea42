"""Data sets and models of the 2024 study, typed out: what the standard suite has to hold.

Source: arXiv 2311.16863 v3 and its authors' scripts and logs (github.com/sashavor/co2_inference at 9ae9895). Names are
those that the hub had in 2023.
"""

from __future__ import annotations

TASKS: dict[str, tuple[tuple[tuple[str, str, str | None, str], ...], dict[str, int]]] = {
    "text_classification": (
        (
            ("imdb", "imdb", None, "test"),
            ("rotten_tomatoes", "rotten_tomatoes", None, "validation"),
            ("sst2", "sst2", None, "test"),
        ),
        {
            "cardiffnlp/twitter-roberta-base-sentiment-latest": 124_645_632,
            "cardiffnlp/twitter-xlm-roberta-base-sentiment": 278_043_648,
            "distilbert-base-uncased-finetuned-sst-2-english": 66_362_880,
            "finiteautomata/bertweet-base-sentiment-analysis": 134_899_968,
            "lvwerra/distilbert-imdb": 66_362_880,
            "nlptown/bert-base-multilingual-uncased-sentiment": 167_356_416,
            "sbcBI/sentiment_analysis_model": 66_362_880,
            "siebert/sentiment-roberta-large-english": 355_359_744,
        },
    ),
    "extractive_qa": (
        (
            ("squad", "squad", None, "validation"),
            ("squad_v2", "squad_v2", None, "validation"),
            ("sciq", "sciq", None, "test"),
        ),
        {
            "bert-large-uncased-whole-word-masking-finetuned-squad": 335_141_888,
            "deepset/bert-large-uncased-whole-word-masking-squad2": 335_141_888,
            "deepset/electra-base-squad2": 108_891_648,
            "deepset/roberta-base-squad2": 124_645_632,
            "deepset/tinyroberta-squad2": 82_118_400,
            "distilbert-base-cased-distilled-squad": 65_190_912,
            "distilbert-base-uncased-distilled-squad": 66_362_880,
            "timpal0l/mdeberta-v3-base-squad2": 278_218_752,
        },
    ),
    "masked_lm": (
        (
            ("bookcorpus-masked", "bookcorpus", None, "train"),
            ("c4", "c4", "en", "train"),
            ("oscar-masked", "oscar", "unshuffled_deduplicated_en", "train"),
        ),
        {
            "albert-base-v2": 11_683_584,
            "bert-base-cased": 108_310_272,
            "bert-base-multilingual-cased": 177_853_440,
            "bert-base-uncased": 109_482_240,
            "distilbert-base-uncased": 66_362_880,
            "microsoft/deberta-base": 138_601_728,
            "roberta-base": 124_645_632,
            "xlm-roberta-base": 278_043_648,
        },
    ),
    "token_classification": (
        (
            ("record", "super_glue", "record", "test"),
            ("wikiann", "wikiann", "en", "test"),
            ("conll2003", "conll2003", None, "validation"),
        ),
        {
            "Babelscape/wikineural-multilingual-ner": 177_853_440,
            "Jean-Baptiste/roberta-large-ner-english": 355_359_744,
            "QCRI/bert-base-multilingual-cased-pos-english": 177_853_440,
            "dmargutierrez/distilbert-base-multilingual-cased-mapa_coarse-ner": 134_734_080,
            "dslim/bert-base-NER": 108_310_272,
            "dslim/bert-large-NER": 333_579_264,
            "elastic/distilbert-base-cased-finetuned-conll03-english": 65_190_912,
            "xlm-roberta-large-finetuned-conll03-english": 559_890_432,
        },
    ),
    "image_classification": (
        (
            ("cifar10", "cifar10", None, "test"),
            ("cifar100", "cifar100", None, "test"),
            ("imagenet", "imagenet-1k", None, "test"),
        ),
        {
            "facebook/convnextv2-tiny-1k-224": 27_866_496,
            "facebook/convnextv2-tiny-22k-384": 27_866_496,
            "google/mobilenet_v1_0.75_192": 1_816_560,
            "google/vit-base-patch16-224": 86_389_248,
            "google/vit-base-patch16-384": 86_681_088,
            "microsoft/beit-base-patch16-224-pt22k-ft22k": 85_761_984,
            "microsoft/resnet-18": 11_176_512,
            "microsoft/resnet-50": 23_508_032,
        },
    ),
    "object_detection": (
        (
            ("coco-detection", "rafaelpadilla/coco2017", None, "val"),
            ("cppe5", "cppe-5", None, "train"),
            ("visual_genome-detection", "visual_genome", "objects_v1.2.0", "train"),
        ),
        {
            "SenseTime/deformable-detr": 39_913_666,
            "facebook/detr-resnet-101": 60_308_416,
            "facebook/detr-resnet-50": 41_368_512,
            "hustvl/yolos-small": 30_204_288,
            "hustvl/yolos-tiny": 6_359_040,
            "jozhang97/deta-swin-large": 217_683_380,
            "polejowska/detr-r50-cd45rb-1ah-6l": 41_368_512,
            "polejowska/detr-r50-cd45rb-8ah-6l-gelu-corrected": 41_368_512,
        },
    ),
    "text_generation": (
        (
            ("wikitext", "wikitext", "wikitext-103-raw-v1", "test"),
            ("bookcorpus-prompts", "bookcorpus", None, "train"),
            ("oscar-prompts", "oscar", "unshuffled_deduplicated_en", "train"),
        ),
        {
            "EleutherAI/gpt-neo-125m": 125_198_592,
            "bigscience/bloom-560m": 559_214_592,
            "distilgpt2": 81_912_576,
            "facebook/opt-1.3b": 1_315_758_080,
            "facebook/opt-6.7b": 6_658_473_984,
            "gpt2": 124_439_808,
            "gpt2-medium": 354_823_168,
            "gpt2-xl": 1_557_611_200,
        },
    ),
    "summarization": (
        (
            ("samsum", "samsum", None, "train"),
            ("cnn_dailymail", "cnn_dailymail", "3.0.0", "test"),
            ("xsum", "xsum", None, "test"),
        ),
        {
            "ainize/bart-base-cnn": 139_420_416,
            "facebook/bart-large-cnn": 406_290_432,
            "google/pegasus-large": 570_797_056,
            "google/pegasus-multi_news": 570_797_056,
            "google/pegasus-xsum": 569_748_480,
            "pszemraj/led-large-book-summary": 459_801_600,
            "sshleifer/distilbart-cnn-12-6": 305_510_400,
            "sshleifer/distilbart-xsum-12-6": 229_933_056,
        },
    ),
    "image_captioning": (
        (
            ("visual_genome-captions", "visual_genome", "objects_v1.2.0", "train"),
            ("redcaps", "red_caps", "roses_2020", "train"),
            ("coco-captions", "rafaelpadilla/coco2017", None, "val"),
        ),
        {
            "Salesforce/blip-image-captioning-base": 224_726_017,
            "Salesforce/blip-image-captioning-large": 447_175_937,
            "Salesforce/blip2-flan-t5-xl": 3_942_446_592,
            "Salesforce/blip2-opt-2.7b": 3_744_679_936,
            "microsoft/git-base": 153_147_648,
            "microsoft/git-large-coco": 370_724_608,
            "nlpconnect/vit-gpt2-image-captioning": 239_195_904,
            "ydshieh/vit-gpt2-coco-en": 124_439_808,
        },
    ),
    "image_generation": (
        (
            ("diffusiondb", "poloclub/diffusiondb", "2m_first_1k", "train"),
            ("imagereward", "THUDM/ImageRewardDB", "1k", "train"),
            ("sd_prompts", "Gustavosta/Stable-Diffusion-Prompts", None, "test"),
        ),
        {
            "CompVis/stable-diffusion-v1-4": 1_370_216_895,
            "dreamlike-art/dreamlike-photoreal-2.0": 1_066_235_307,
            "nota-ai/bk-sdm-tiny": 834_080_895,
            "prompthero/openjourney": 1_370_216_895,
            "runwayml/stable-diffusion-v1-5": 1_370_216_895,
            "segmind/tiny-sd": 530_099_307,
            "stabilityai/stable-diffusion-2-1": 1_289_952_427,
            "stabilityai/stable-diffusion-xl-base-1.0": 3_468_837_867,
        },
    ),
}
"""Task: its data sets (id here, id on the hub, configuration, split), and its eight models with their parameters."""

GENERAL = {
    "google/flan-t5-base": 222_903_552,
    "google/flan-t5-large": 750_251_008,
    "google/flan-t5-xl": 2_783_959_040,
    "google/flan-t5-xxl": 11_003_736_064,
    "bigscience/bloomz-560m": 559_214_592,
    "bigscience/bloomz-1b7": 1_720_000_000,
    "bigscience/bloomz-3b": 3_000_000_000,
    "bigscience/bloomz-7b1": 7_000_000_000,
}
"""General-purpose models with their parameters; the last three are rounded in the source."""
