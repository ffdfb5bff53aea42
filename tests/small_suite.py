"""A suite of one model and one data set on a hub: the file that its author writes."""

MANIFEST = """
name = "small"
version = "1"
title = "Small"

[protocol]
queries = 3
windows_min = 3
windows_max = 4
warmup_queries = 1
idle_s = 0.0
half_width_target = 0.5
budget_s = 10.0
sample = "first"

[[tasks]]
id = "text_generation"
title = "Text generation"
modality = "text-to-text"
quality_metrics = []

[[datasets]]
id = "prose"
task = "text_generation"
title = "Prose"
hub_id = "someone/prose"
config = "en"
split = "train"
columns = ["text"]
keep = 5
substitute = "other-suite/open-prose"

[[models]]
id = "writer"
title = "Writer"
kind = "task-specific"
parameters = 1000
parameters_are = "reported"
hub_id = "someone/writer"

[[cells]]
task = "text_generation"
datasets = ["prose"]
models = ["writer"]
prompt = "{text}"
max_new_tokens = 10
"""
