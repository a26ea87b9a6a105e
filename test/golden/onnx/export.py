"""Exports the body of ../families/llama as a user would, for --onnx: torch's exporter, external data, dynamic axes.

    pip install torch transformers safetensors numpy onnx onnxscript
    python export.py          # made with torch 2.15.0, transformers 5.24.0, onnx 1.23.2

What it computes is in ../families/llama/golden.json. Traces of the exporting machine are taken out of the file.
"""

from pathlib import Path

import onnx
import torch
import transformers

HERE = Path(__file__).parent
FILE = HERE / "llama.onnx"


class Body(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state


model = transformers.AutoModelForCausalLM.from_pretrained(
    HERE.parent / "families" / "llama", attn_implementation="eager", dtype=torch.float32
)
ids = torch.randint(0, 256, (2, 7))
axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
torch.onnx.export(
    Body(model.base_model.eval()),
    (ids, torch.ones_like(ids)),
    input_names=["input_ids", "attention_mask"],
    output_names=["last_hidden_state"],
    dynamic_shapes=(axes, axes),
    dynamo=True,
).save(FILE, external_data=True)

exported = onnx.load(FILE, load_external_data=False)
exported.ClearField("metadata_props")
for part in (exported.graph, *exported.graph.node, *exported.graph.value_info, *exported.graph.initializer):
    part.ClearField("metadata_props")
    part.ClearField("doc_string")
for value in (*exported.graph.input, *exported.graph.output):
    value.ClearField("metadata_props")
onnx.save(exported, FILE)
