"""Writes the tiny checkpoints of this folder and what transformers computes from them, in float64.

    pip install torch transformers safetensors numpy
    python make.py            # beside this file; made with torch 2.15.0 and transformers 5.24.0

One folder per checkpoint: config.json and model.safetensors as save_pretrained writes them, and golden.json:

    ids     1,024 token ids
    hidden  {position: last hidden state after the final norm}
    loss    the loss of ids[1:], by the checkpoint's own head
    flips   the same for configs that differ from the saved one: `set` and `unset` say in what, over the first 256 ids;
            `drop` tells which tensors go with it, `changes` by how much the hidden states differ from the saved config's
            (largest relative difference)

Weights are random, with random norms and biases, and so large that logits spread by 2 or more: an error in any part shows.
Rotary angles are float32, as transformers computes them for every type of weights; all else is float64.
"""

import json
import tempfile
from pathlib import Path

import torch
import transformers as tf
from safetensors.torch import load_file, save_file
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm

HERE = Path(__file__).parent
VOCABULARY = 256
TOKENS = 1024
FLIP_TOKENS = 256
POSITIONS = (0, 1, 17, 127, 128, 500, 1023)
FLIP_POSITIONS = (1, 130, 255)
DIGITS = 10


def rms_norm_in_its_own_type(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


for norm in (LlamaRMSNorm, MistralRMSNorm, Qwen2RMSNorm, Qwen3RMSNorm):
    norm.forward = rms_norm_in_its_own_type


def scatter_weights(model, seed):
    """Random values for every parameter; what matters is that nothing is near a neutral value."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda p: torch.randn(p.shape, generator=generator)
    for name, p in model.named_parameters():
        if p.dim() == 1:
            p.data = draw(p) * 0.3 + (1.0 if "weight" in name else 0.0)
        elif any(part in name for part in ("embed", "wte", "wpe")):
            p.data = draw(p) * 0.5
        elif "lm_head" in name:
            p.data = draw(p) * 3 / p.shape[1] ** 0.5
        else:
            into = p.shape[0] if "h." in name and "c_" in name else p.shape[1]  # Conv1D is [in, out]
            p.data = draw(p) * 1.3 / into**0.5


def rounded(values):
    return [float(f"%.{DIGITS}g" % v) for v in values.tolist()]


def compute(model, ids, positions, dtype=torch.float64):
    """Hidden states at the positions, all of them, and the losses of ids[1:]."""
    model = model.to(dtype).eval()
    with torch.no_grad():
        hidden = model.base_model(torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        logits = model.lm_head(hidden)
        loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
    assert hidden.dtype == dtype
    assert logits.std() > 2, logits.std()
    return {"hidden": {p: rounded(hidden[p]) for p in positions}, "loss": rounded(loss)}, hidden


def flipped(config, weights, base, flip):
    changed = {k: v for k, v in config.items() if k not in flip.get("unset", [])} | flip["set"]
    kept = {k: v for k, v in weights.items() if not any(part in k for part in flip.get("drop", []))}
    upcast = changed.get("reorder_and_upcast_attn", False)  # another code path, which insists on float32
    dtype = torch.float32 if upcast else torch.float64
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(changed))
        save_file(kept, Path(folder) / "model.safetensors", metadata={"format": "pt"})
        model = load(folder, attn_implementation="eager" if upcast else "sdpa")
    values, hidden = compute(model, base["ids"][:FLIP_TOKENS], FLIP_POSITIONS, dtype)
    apart = (hidden - base["states"][:FLIP_TOKENS]).norm(dim=1) / base["states"][:FLIP_TOKENS].norm(dim=1)
    return flip | {"changes": float("%.3g" % apart.max()), **values}


def load(folder, attn_implementation="sdpa"):
    return tf.AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation=attn_implementation, dtype=torch.float32
    )


def write(name, model, flips=(), dtype=None):
    folder = HERE / name
    if dtype is not None:
        model = model.to(dtype)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)

    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    ids = torch.randint(0, VOCABULARY, (TOKENS,), generator=torch.Generator().manual_seed(7)).tolist()
    values, states = compute(load(folder), ids, POSITIONS)
    base = {"ids": ids, "states": states}
    golden = {"ids": ids, **values, "flips": [flipped(config, weights, base, flip) for flip in flips]}
    # one line to an entry, so that a change can be read
    lines = [f'"{key}": {json.dumps(golden[key])}' for key in ("ids", "hidden", "loss")]
    lines.append('"flips": [\n' + ",\n".join(json.dumps(flip) for flip in golden["flips"]) + "\n]")
    (folder / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(name, len(flips), "flips", [(str(f["set"])[:60], f["changes"]) for f in golden["flips"]], flush=True)


def both_spellings(rope, theta=10_000.0, unset=("rope_parameters",)):
    """A rope type as transformers 5 writes it and as older configs do."""
    return [
        {"set": {"rope_parameters": {"rope_theta": theta, **rope}}},
        {
            "set": {"rope_theta": theta, "rope_scaling": {("type" if k == "rope_type" else k): v for k, v in rope.items()}},
            "unset": list(unset),
        },
    ]


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
ROPES = [
    {"set": {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}},
    {"set": {"rope_theta": 500.0}, "unset": ["rope_parameters"]},
    {"set": {"rope_scaling": None, "rope_theta": 500.0}, "unset": ["rope_parameters"]},
    *both_spellings({"rope_type": "linear", "factor": 4.0}),
    *both_spellings({"rope_type": "dynamic", "factor": 4.0}),
    *both_spellings(LLAMA3),
    {"set": {"rope_parameters": {"rope_theta": 500.0, **LLAMA3, "low_freq_factor": 2.0, "high_freq_factor": 8.0}}},
    *both_spellings(YARN, theta=500.0),
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, "attention_factor": 1.5}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, "beta_fast": 8, "beta_slow": 2}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, "truncate": False}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, "mscale": 0.7, "mscale_all_dim": 0.4}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, "rope_type": "yarn", "factor": 4.0}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, "factor": None}}},
    {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN}, "original_max_position_embeddings": 128}},
]
ACTIVATIONS = (
    "gelu gelu_python gelu_new gelu_fast gelu_accurate gelu_pytorch_tanh gelu_python_tanh quick_gelu relu silu swish"
).split()


def gpt2():
    config = tf.GPT2Config(
        vocab_size=VOCABULARY, n_positions=TOKENS, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0
    )
    flips = [
        *({"set": {"activation_function": name}} for name in ACTIVATIONS),
        {"set": {"layer_norm_epsilon": 0.1}},
        {"set": {"n_head": 2}},
        {"set": {"n_layer": 1}},
        {"set": {"scale_attn_weights": False}},
        {"set": {"scale_attn_by_inverse_layer_idx": True}},
        {"set": {"reorder_and_upcast_attn": True}},
        {"set": {"attn_pdrop": 0.5, "resid_pdrop": 0.5, "embd_pdrop": 0.5, "use_cache": False}},
    ]
    return tf.GPT2LMHeadModel(config), flips


def neox():
    config = tf.GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=TOKENS, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    partial = {"partial_rotary_factor": 0.5}
    legacy = ["rope_parameters"]
    flips = [
        *({"set": {"hidden_act": name}} for name in ("relu", "gelu_new", "silu")),
        {"set": {"layer_norm_eps": 0.1}},
        {"set": {"num_attention_heads": 4, "rotary_pct": 0.5}, "unset": legacy},
        {"set": {"num_hidden_layers": 1}},
        {"set": {"use_parallel_residual": False}},
        {"set": {"attention_bias": False}, "drop": ["query_key_value.bias", "dense.bias"]},
        {"set": {"rotary_pct": 1.0}, "unset": legacy},
        {"set": {"rotary_pct": 0.5, "rotary_emb_base": 500}, "unset": legacy},
        {"set": {"rotary_emb_base": 500}, "unset": legacy},
        {"set": {"rotary_pct": 0.5, "rope_scaling": {"type": "linear", "factor": 4.0}}, "unset": legacy},
        {"set": {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0, **partial}}},
        {"set": {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0, **partial}}},
        {"set": {"rope_parameters": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}}},
        {"set": {"rope_parameters": {"rope_theta": 500.0, **LLAMA3, **partial}}},
        {"set": {"rope_parameters": {"rope_theta": 500.0, **YARN, **partial}}},
        {"set": {"tie_word_embeddings": True}, "drop": ["embed_out"]},
        {"set": {"attention_dropout": 0.5, "hidden_dropout": 0.5, "use_cache": False}},
    ]
    return tf.GPTNeoXForCausalLM(config), flips


def llama_like(config_class, **fields):
    return config_class(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=TOKENS, bos_token_id=0, eos_token_id=0, **fields,
    )  # fmt: skip


SHARED = [
    {"set": {"hidden_act": "relu"}},
    {"set": {"rms_norm_eps": 0.1}},
    {"set": {"num_hidden_layers": 1}, "unset": ["layer_types"]},
    {"set": {"attention_dropout": 0.5, "use_cache": False}},
]
SOME_ROPES = [
    {"set": {"rope_theta": 500.0}, "unset": ["rope_parameters"]},
    *both_spellings(YARN, theta=500.0),
]


def llama():
    config = llama_like(
        tf.LlamaConfig, num_key_value_heads=2, head_dim=12, attention_bias=True, mlp_bias=True, tie_word_embeddings=False
    )
    flips = [
        *({"set": {"hidden_act": name}} for name in ACTIVATIONS),
        *SHARED,
        *ROPES,
        {"set": {"attention_bias": False}, "drop": ["q_proj.bias", "k_proj.bias", "v_proj.bias", "o_proj.bias"]},
        {"set": {"mlp_bias": False}, "drop": ["gate_proj.bias", "up_proj.bias", "down_proj.bias"]},
        {"set": {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 24}},
        {"set": {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 6}},
        {"set": {"tie_word_embeddings": True}, "drop": ["lm_head"]},
        {"set": {"pretraining_tp": 2}},
    ]
    return tf.LlamaForCausalLM(config), flips


def mistral():
    config = llama_like(tf.MistralConfig, num_key_value_heads=1, head_dim=12, sliding_window=100)
    flips = [
        *SHARED,
        *SOME_ROPES,
        {"set": {"sliding_window": 16}},
        {"set": {"sliding_window": 1}},
        {"set": {"sliding_window": None}},
        {"set": {}, "unset": ["sliding_window"]},
    ]
    return tf.MistralForCausalLM(config), flips


def sliding(window, first):
    return {"set": {"use_sliding_window": True, "sliding_window": window, "max_window_layers": first}, "unset": ["layer_types"]}


SLIDING = [
    sliding(50, 1),
    sliding(20, 0),
    sliding(50, 2),
    {"set": {"use_sliding_window": True, "sliding_window": 50, "layer_types": ["sliding_attention", "full_attention"]}},
    {"set": {"use_sliding_window": False, "sliding_window": 50, "max_window_layers": 0}, "unset": ["layer_types"]},
]


def qwen2():
    config = llama_like(tf.Qwen2Config, num_key_value_heads=2, tie_word_embeddings=True)
    flips = [*SHARED, *SOME_ROPES, *SLIDING, {"set": {"num_attention_heads": 2, "num_key_value_heads": 1}}]
    return tf.Qwen2ForCausalLM(config), flips


def qwen3():
    config = llama_like(tf.Qwen3Config, num_key_value_heads=2, head_dim=16, attention_bias=True)
    no_bias = {"set": {"attention_bias": False}, "drop": ["q_proj.bias", "k_proj.bias", "v_proj.bias", "o_proj.bias"]}
    return tf.Qwen3ForCausalLM(config), [*SHARED, *SOME_ROPES, *SLIDING, no_bias]


def main():
    torch.manual_seed(0)
    for seed, (name, make) in enumerate(
        {"gpt2": gpt2, "neox": neox, "llama": llama, "mistral": mistral, "qwen2": qwen2, "qwen3": qwen3}.items(), start=1
    ):
        model, flips = make()
        scatter_weights(model, seed)
        write(name, model, flips)
        if name == "gpt2":
            write("gpt2-f16", model, dtype=torch.float16)
        if name == "llama":
            write("llama-bf16", model, dtype=torch.bfloat16)


if __name__ == "__main__":
    main()
