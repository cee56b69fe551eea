"""Releases that people have graded, as their pages had them in outline: fields, headings, links, and lengths.

Written from what is known of those pages, not copied: the words are our own, and the files tiny. Keys are what the
graders call the systems.
"""

from __future__ import annotations

from hub_folders import ARCHITECTURE, TABLE, Folder, say, section

GIB = 1 << 30
HF = "https://huggingface.co"
GH = "https://github.com"
GATE = {"extra_gated_prompt": "Accept the terms", "extra_gated_fields": {"Company": "text"}}


def chat(head: dict, body: str, model_type: str, gib: int = 14) -> Folder:
    shards = {f"model-0000{i}-of-00002.safetensors": gib * GIB // 2 for i in (1, 2)}
    return Folder({"pipeline_tag": "text-generation", **head}, body, model_type, shards)


RELEASES: dict[str, tuple[str, Folder]] = {
    "olmo-7b-instruct": (
        "allenai/OLMo-7B-Instruct",
        chat(
            {"license": "apache-2.0", "datasets": ["allenai/dolma", "allenai/tulu-v2-sft-mixture"]},
            "# Model Card for OLMo 7B Instruct\n"
            + say(60)
            + section("Model Details", say(30) + "\n\n" + ARCHITECTURE)
            + section(
                "Model Sources",
                f"- Repositories: core repo (training, inference, fine-tuning code): {GH}/allenai/OLMo\n"
                f"- Evaluation code: {GH}/allenai/OLMo-Eval\n- Further fine-tuning code: {GH}/allenai/open-instruct\n"
                "- Paper: [link](https://arxiv.org/abs/2402.00838)\n",
            )
            + section("Uses", "```bash\npip install ai2-olmo\n```\n" + say(30))
            + section("Evaluation", TABLE)
            + section("Data", f"For training data see [Dolma]({HF}/datasets/allenai/dolma). " + say(30))
            + section("Training procedure", say(40))
            + section("Bias, Risks, and Limitations", say(60))
            + section("Citation", "```\n@article{olmo, title={OLMo}, journal={Preprint}, year={2024}}\n```"),
            "olmo",
            27,
        ),
    ),
    "bloomz": (
        "bigscience/bloomz",
        chat(
            {
                "license": "bigscience-bloom-rail-1.0",
                "datasets": ["bigscience/xP3"],
                "widget": [{"text": "Translate"}],
                "model-index": [{"name": "bloomz", "results": []}],
            },
            "# bloomz\n"
            + section(
                "Model Summary",
                say(60) + f"\n- **Repository:** [bigscience-workshop/xmtf]({GH}/bigscience-workshop/xmtf), with code "
                f"to train\n"
                "- **Paper:** [Multitask finetuning](https://arxiv.org/abs/2211.01786), "
                "[ACL](https://aclanthology.org/2023.acl-long.891)\n",
            )
            + section("Use", "### Intended use\n" + say(50) + "\n### How to use\n" + say(20))
            + section("Limitations", say(50))
            + section(
                "Training",
                f"### Model\nArchitecture: same as [bloom]({HF}/bigscience/bloom)\n"
                + ARCHITECTURE
                + "\n### Hardware\n"
                + say(20),
            )
            + section("Training data", f"Fine-tuned on [xP3]({HF}/datasets/bigscience/xP3). " + say(30))
            + section("Evaluation", say(30) + "\n" + TABLE)
            + section("Citation", "```\n@inproceedings{x, booktitle={Annual Meeting of the ACL}, year={2023}}\n```"),
            "bloom",
            352,
        ),
    ),
    "amber": (
        "LLM360/AmberChat",
        chat(
            {
                "license": "apache-2.0",
                "datasets": ["WizardLM/WizardLM_evol_instruct_V2_196k", "icybee/share_gpt_90k_v1"],
            },
            f"# AmberChat\n\nAn instruction model, finetuned from [LLM360/Amber]({HF}/LLM360/Amber).\n"
            + section("Model Description", say(20) + f"\n- Training code: {GH}/LLM360/amber-train\n")
            + section(
                "Finetuning data",
                "| Subset | Rows |\n|---|---|\n| WizardLM | 143000 |\n| ShareGPT | 90000 |\n" + say(20),
            )
            + section(
                "Hyperparameters", "| layers | 32 |\n|---|---|\n| hidden size | 4096 |\n| learning rate | 2e-5 |\n"
            )
            + section("Evaluation", "| Model | MT-Bench |\n|---|---|\n| AmberChat | 5.43 |\n| Amber | 2.49 |\n")
            + section("Citation", "```\n@misc{l, title={LLM360}, eprint={2312.06550}, year={2023}}\n```"),
            "llama",
            14,
        ),
    ),
    "Falcon-40B-instruct": (
        "tiiuae/falcon-40b-instruct",
        chat(
            {"license": "apache-2.0", "datasets": ["tiiuae/falcon-refinedweb"], "inference": False},
            f"# Falcon-40B-Instruct\n\nBased on [Falcon-40B]({HF}/tiiuae/falcon-40b), tuned on a "
            f"mixture of chats. Paper coming soon.\n"
            + section("Model Details", say(20) + "\n- **Paper:** coming soon.\n")
            + section("Uses", say(30))
            + section("Bias, Risks, and Limitations", say(40))
            + section(
                "Training Details", "### Training Data\n\n" + say(25) + "\n\n### Training Procedure\n\n" + say(20)
            )
            + section("Evaluation", "Paper coming soon. See the leaderboard for early results.")
            + section("Technical Specifications", ARCHITECTURE + "\nTrained with a custom codebase, Gigatron.")
            + section(
                "Citation",
                "```\n@article{falcon40b, title={Falcon-40B: an open model}, year={2023}}\n"
                "@article{rw, title={RefinedWeb}, journal={arXiv preprint arXiv:2306.01116}, "
                "eprint={2306.01116}}\n```",
            ),
            "falcon",
            84,
        ),
    ),
    "Falcon-180B-chat": (
        "tiiuae/falcon-180B-chat",
        chat(
            {
                "license": "unknown",
                "license_name": "falcon-180b-license",
                "datasets": ["tiiuae/falcon-refinedweb"],
                "inference": False,
                **GATE,
            },
            f"# Falcon-180B-Chat\n\nBased on [Falcon-180B]({HF}/tiiuae/falcon-180B), tuned on chats. "
            f"Paper coming soon.\n"
            + section("Model Details", say(20) + "\n- **Paper:** coming soon.\n")
            + section("Uses", say(30))
            + section("Bias, Risks, and Limitations", say(40))
            + section("Training Details", "### Training Data\n\n" + say(25))
            + section("Evaluation", "Paper coming soon. See the leaderboard for results.")
            + section("Technical Specifications", ARCHITECTURE + "\nTrained with a custom codebase, Gigatron.")
            + section(
                "Citation",
                "```\n@article{falcon, title={The Falcon Series}, year={2023}}\n"
                "@article{rw, title={RefinedWeb}, eprint={2306.01116}}\n```",
            ),
            "falcon",
            360,
        ),
    ),
    "llama-2-chat": (
        "meta-llama/Llama-2-70b-chat-hf",
        chat(
            {"license": "llama2", **GATE},
            "# Llama 2\n\n"
            + say(50)
            + section(
                "Model Details",
                say(60) + "\n\n| | Params | Context | GQA |\n|---|---|---|---|\n| Llama 2 | 70B | 4k | yes |\n"
                "\n**Research Paper** [Llama 2](https://arxiv.org/abs/2307.09288)\n",
            )
            + section("Intended Use", say(60))
            + section("Hardware and Software", say(40))
            + section(
                "Training Data", "Publicly available sources; none of the data of the makers' own users. " + say(20)
            )
            + section("Evaluation Results", TABLE),
            "llama",
            138,
        ),
    ),
    "mixtral-8x7B-instruct": (
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        chat(
            {"license": "apache-2.0", "base_model": "mistralai/Mixtral-8x7B-v0.1", "inference": False},
            "# Model Card for Mixtral-8x7B\n\n"
            + say(40)
            + section("Instruction format", say(40))
            + section("Run the model", "```python\nfrom transformers import AutoModelForCausalLM\n```\n" + say(10))
            + section("Limitations", say(40)),
            "mixtral",
            93,
        ),
    ),
    "gemma-instruct": (
        "google/gemma-7b-it",
        chat(
            {"license": "gemma", "base_model": "google/gemma-7b", **GATE},
            "# Gemma Model Card\n\n- Technical report: [Gemma](https://arxiv.org/abs/2403.08295)\n"
            + section("Model Information", say(60))
            + section("Usage", say(60))
            + section("Model Data", "### Training Dataset\n\n" + say(60))
            + section("Implementation Information", "### Training hardware\n" + say(40))
            + section("Evaluation", "### Benchmark Results\n\n" + TABLE)
            + section("Ethics and Safety", say(60))
            + section("Usage and Limitations", "### Intended Usage\n" + say(60) + "\n### Limitations\n" + say(60)),
            "gemma",
            17,
        ),
    ),
    "phi-3-instruct": (
        "microsoft/Phi-3-mini-128k-instruct",
        chat(
            {"license": "mit"},
            "# Phi-3\n\n- [Phi-3 Technical Report](https://arxiv.org/abs/2404.14219)\n"
            + section("Intended Uses", say(50))
            + section("How to Use", say(40))
            + section("Responsible AI Considerations", say(100))
            + section(
                "Training",
                "### Model\n"
                + say(10, "A dense decoder of 32 layers, hidden size 3072, vocabulary 32064, context 128K.")
                + "\n\n### Datasets\n\n"
                + say(60),
            )
            + section("Benchmarks", TABLE),
            "phi3",
            8,
        ),
    ),
    "command-r": (
        "CohereForAI/c4ai-command-r-v01",
        chat(
            {"license": "cc-by-nc-4.0"},
            "# Model Card for Command-R\n\n"
            + say(30)
            + " After pretraining, this model uses supervised fine-tuning.\n"
            + f"\nTry it in a [hosted space]({HF}/spaces/CohereForAI/c4ai-command)\n"
            + section("Usage", say(30))
            + section("Model Details", say(40) + " Context length 128K.")
            + section("Evaluations", say(20))
            + section("Terms of Use", say(30)),
            "cohere",
            70,
        ),
    ),
    "mistral-7B": (
        "mistralai/Mistral-7B-Instruct-v0.2",
        chat(
            {"license": "apache-2.0"},
            "# Model Card for Mistral-7B-Instruct\n\nFor details see the [paper](https://arxiv.org/abs/2310.06825).\n"
            + section("Instruction format", say(40))
            + section(
                "Model Architecture", "Grouped-query attention, sliding-window attention, a byte-fallback tokenizer."
            )
            + section("Limitations", say(40)),
            "mistral",
            14,
        ),
    ),
    "vicuna13B-lmsys": (
        "lmsys/vicuna-13b-v1.5",
        chat(
            {"license": "llama2"},
            "# Vicuna Model Card\n"
            + section("Model Details", say(20) + f" Finetuned from [Llama 2]({HF}/meta-llama/Llama-2-13b-hf).")
            + section(
                "Model Sources",
                f"- Repository: {GH}/lm-sys/FastChat\n- Paper: https://arxiv.org/abs/2306.05685\n"
                "- Demo: https://chat.lmsys.org/\n",
            )
            + section("Uses", say(40))
            + section(
                "Training Details",
                f"Fine-tuned on 125K conversations; see the paper. Training code: {GH}/lm-sys/FastChat. " + say(20),
            )
            + section("Evaluation", say(30)),
            "llama",
            26,
        ),
    ),
    "tulu-2-70b": (
        "allenai/tulu-2-dpo-70b",
        chat(
            {
                "license": "other",
                "license_name": "ai2-impact-license-medium-risk",
                "base_model": "meta-llama/Llama-2-70b-hf",
                "datasets": ["HuggingFaceH4/ultrafeedback_binarized", "allenai/tulu-v2-sft-mixture"],
            },
            "# Tulu V2 DPO 70B\n\nFor more read the [paper](https://arxiv.org/abs/2311.10702).\n"
            + section(
                "Model description", say(60) + f"\n- Repository: {GH}/allenai/open-instruct, code for fine-tuning\n"
            )
            + section("Performance", "| Model | MT-Bench | AlpacaEval |\n|---|---|---|\n| Tulu | 7.89 | 95.1 |\n")
            + section(
                "Intended uses & limitations",
                f"Tuned on the [Tulu mix]({HF}/datasets/allenai/tulu-v2-sft-mixture). " + say(50),
            )
            + section("Bias, Risks, and Limitations", say(50))
            + section("Training hyperparameters", say(30))
            + section("Citation", "```\n@misc{t, eprint={2311.10702}}\n```"),
            "llama",
            138,
        ),
    ),
    "pythia-chat-base-7B": (
        "togethercomputer/Pythia-Chat-Base-7B",
        chat(
            {"license": "apache-2.0", "inference": False},
            f"# Pythia-Chat-Base-7B\n\nBased on [Pythia]({HF}/EleutherAI/pythia-6.9b), tuned with OIG.\n"
            + section(
                "Model Details",
                say(20) + f"\n- Repository: [OpenChatKit]({GH}/togethercomputer/OpenChatKit), code for fine-tuning\n",
            )
            + section("Uses", say(40))
            + section("Limitations", say(40))
            + section("Training", f"**Training data:** see [OIG]({HF}/datasets/laion/OIG). " + say(20)),
            "gpt_neox",
            14,
        ),
    ),
    "OpenChat": (
        "openchat/openchat_3.5",
        chat(
            {"license": "apache-2.0", "base_model": "mistralai/Mistral-7B-v0.1", "datasets": ["imone/OpenOrca_FLAN"]},
            f"# OpenChat\n\n[Online demo](https://openchat.team) | [Code and training]({GH}/imoneoi/openchat) | "
            "[Paper](https://arxiv.org/abs/2309.11235)\n"
            + section("Usage", "```\npip3 install ochat\n```\n" + say(40))
            + section("Benchmarks", TABLE)
            + section("Limitations", say(40))
            + section("Citation", "```\n@article{o, journal={arXiv preprint arXiv:2309.11235}}\n```"),
            "mistral",
            14,
        ),
    ),
    "MPT-30b-instruct": (
        "mosaicml/mpt-30b-instruct",
        chat(
            {"license": "apache-2.0", "datasets": ["mosaicml/dolly_hhrlhf", "competition_math"], "inference": False},
            f"# MPT-30B-Instruct\n\nMade by fine-tuning [MPT-30B]({HF}/mosaicml/mpt-30b); finetuned "
            f"from {HF}/mosaicml/mpt-30b\n"
            + section(
                "Documentation",
                f"- [Codebase, to train it too]({GH}/mosaicml/llm-foundry/)\n- "
                f"[Demo]({HF}/spaces/mosaicml/mpt-30b-chat)\n",
            )
            + section("How to Use", say(40))
            + section("Model Description", ARCHITECTURE)
            + section("Data Mix", "| Data | Share |\n|---|---|\n| dolly_hhrlhf | 0.3 |\n| math | 0.1 |\n" + say(20))
            + section("Training Configuration", say(30))
            + section("Limitations and Biases", say(40)),
            "mpt",
            60,
        ),
    ),
    "qwen-1.5-chat": (
        "Qwen/Qwen1.5-72B-Chat",
        chat(
            {"license": "other", "license_name": "tongyi-qianwen"},
            "# Qwen1.5-72B-Chat\n"
            + section(
                "Introduction",
                say(40) + f" See our [blog](https://qwenlm.github.io) and [GitHub repo]({GH}/QwenLM/Qwen1.5).",
            )
            + section(
                "Model Details", say(40, "A decoder with SwiGLU, attention QKV bias and group query attention.")
            )
            + section(
                "Training details", "Pretrained on much data, then supervised finetuning and preference optimization."
            )
            + section("Citation", "```\n@article{qwen, journal={arXiv preprint arXiv:2309.16609}, year={2023}}\n```"),
            "qwen2",
            144,
        ),
    ),
    "llama-3-instruct": (
        "meta-llama/Meta-Llama-3-70B-Instruct",
        chat(
            {"license": "llama3", **GATE},
            "# Llama 3\n"
            + section("Model Details", say(60))
            + section("Intended Use", say(60))
            + section("Hardware and Software", say(40))
            + section("Training Data", say(30, "Over 15 trillion tokens from publicly available sources."))
            + section("Benchmarks", TABLE)
            + section("Responsibility & Safety", say(80)),
            "llama",
            141,
        ),
    ),
    "Xwin-LM": (
        "Xwin-LM/Xwin-LM-70B-V0.1",
        chat(
            {"license": "llama2"},
            "# Xwin-LM\n\n" + say(40) + " Built upon the Llama2 base models."
            f"\n\nThe repo: {GH}/Xwin-LM/Xwin-LM\n"
            + section("News", "- Released the models. " + say(10))
            + section("Performance", "| Model | AlpacaEval |\n|---|---|\n| Xwin | 95.6 |\n"),
            "llama",
            138,
        ),
    ),
    "orca_2": (
        "microsoft/Orca-2-7b",
        chat(
            {"license": "other", "license_name": "microsoft-research-license", "license_link": "LICENSE"},
            "# Orca 2\n\n"
            + say(40)
            + f" A finetuned version of [LLAMA-2]({HF}/meta-llama/Llama-2-7b).\n"
            + section("What is the intended use", say(40))
            + section(
                "How was it evaluated", say(20) + " See the [Orca 2 paper](https://arxiv.org/pdf/2311.11045.pdf)."
            )
            + section("Model Details", say(30))
            + section("Bias, Risks, and Limitations", say(80)),
            "llama",
            27,
        ),
    ),
    "StableBeluga2": (
        "stabilityai/StableBeluga2",
        chat(
            {
                "license": "other",
                "license_name": "stable-beluga-nc",
                "datasets": ["conceptofmind/cot_submix_original"],
            },
            "# Stable Beluga 2\n\n"
            + say(20)
            + f" Finetuned from [Llama2 70B]({HF}/meta-llama/Llama-2-70b-hf).\n"
            + section("Usage", say(20))
            + section("Model Details", say(10))
            + section("Training Dataset", say(20))
            + section("Training Procedure", say(30))
            + section("Ethical Considerations and Limitations", say(30))
            + section("How to cite", "```\n@misc{s, title={Stable Beluga}}\n@misc{l, eprint={2307.09288}}\n```"),
            "llama",
            138,
        ),
    ),
    "solar-70B": (
        "upstage/SOLAR-0-70b-16bit",
        chat(
            {"license": "cc-by-nc-4.0"},
            "# SOLAR-0-70b\n\n"
            + say(20)
            + section(
                "Model Details",
                say(10)
                + (
                    f"\n- Backbone: [LLaMA-2]({HF}/meta-llama/Llama-2-70b-hf); finetuned from "
                    f"{HF}/meta-llama/Llama-2-70b-hf\n"
                ),
            )
            + section("Dataset Details", "- Orca-style dataset\n- Alpaca-style dataset\n")
            + section("Evaluation Results", TABLE),
            "llama",
            138,
        ),
    ),
}
"""Graders' names, to the hub's name and the folder."""

UNSEEN: dict[str, tuple[str, Folder]] = {
    "dolly": (
        "databricks/dolly-v2-12b",
        chat(
            {"license": "mit", "datasets": ["databricks/databricks-dolly-15k"], "inference": False},
            "# dolly-v2-12b Model Card\n"
            + section("Summary", say(60) + f" Based on [pythia-12b]({HF}/EleutherAI/pythia-12b).")
            + section(
                "Model Overview", say(60) + f" Fine-tuned on a [corpus]({GH}/databrickslabs/dolly/tree/master/data)."
            )
            + section("Usage", say(60))
            + section("Known Limitations", "### Performance\n" + say(80) + "\n### Dataset\n" + say(60))
            + section("Benchmark Metrics", TABLE)
            + section("Citation", "```\n@online{dolly, title={Free Dolly}, year={2023}}\n```"),
            "gpt_neox",
            24,
        ),
    ),
    "Open-Assistant": (
        "OpenAssistant/oasst-sft-4-pythia-12b-epoch-3.5",
        chat(
            {"license": "apache-2.0", "datasets": ["OpenAssistant/oasst1"]},
            "# Open-Assistant SFT-4 12B Model\n\n"
            + say(30)
            + f" Based on [Pythia]({HF}/EleutherAI/pythia-12b-deduped).\n"
            + section(
                "Model Details", f"- Code: [Open-Assistant / model / model_training]({GH}/LAION-AI/Open-Assistant)\n"
            )
            + section("Prompting", say(20))
            + section("Dev Details", "```\nlearning_rate: 6e-6\n```\n" + say(6)),
            "gpt_neox",
            24,
        ),
    ),
    "RedPajama-INCITE-Instruct-7B": (
        "togethercomputer/RedPajama-INCITE-7B-Instruct",
        chat(
            {
                "license": "apache-2.0",
                "datasets": ["togethercomputer/RedPajama-Data-1T", "togethercomputer/RedPajama-Data-Instruct"],
                "widget": [{"text": "Label the tweets"}],
                "inference": {"parameters": {"temperature": 0.7}},
            },
            "# RedPajama-INCITE-7B-Instruct\n\n"
            + say(40)
            + f"\n- Base Model: [RedPajama-INCITE-7B-Base]({HF}/togethercomputer/RedPajama-INCITE-7B-Base)\n"
            + section("Model Details", say(20))
            + section("Quick Start", say(20))
            + section("Direct Use", say(30) + "\n### Out-of-Scope Use\n" + say(80))
            + section("Limitations", say(30))
            + section(
                "Training",
                f"**Training Data:** see [data]({HF}/datasets/togethercomputer/RedPajama-Data-1T). "
                + say(20)
                + "\n### Training Procedure\n"
                + say(20),
            ),
            "gpt_neox",
            14,
        ),
    ),
    "wizardlm-13B": (
        "WizardLM/WizardLM-13B-V1.2",
        chat(
            {"license": "llama2"},
            "# WizardLM\n\n"
            + say(30)
            + (
                f"\nTrained from Llama-2 13b. [Paper](https://arxiv.org/abs/2304.12244) | "
                f"[Github]({GH}/nlpxucan/WizardLM)\n"
            )
            + section("News", TABLE)
            + section("Inference WizardLM Demo Script", f"Code: {GH}/nlpxucan/WizardLM/tree/main/demo. " + say(20))
            + section("Citation", "```\n@misc{w, eprint={2304.12244}}\n```"),
            "llama",
            26,
        ),
    ),
    "yi-chat": (
        "01-ai/Yi-34B-Chat",
        chat(
            {"license": "apache-2.0", "widget": [{"text": "Hi"}]},
            "# Yi\n\n"
            + say(40, "An open-source model.")
            + section("What is Yi?", say(60) + "\n### Models\n" + say(30))
            + section("How to use Yi?", say(100) + f"\nFine-tuning code: {GH}/01-ai/Yi/tree/main/finetune\n")
            + section("Benchmarks", TABLE)
            + section("Tech report", "See the [Yi paper](https://arxiv.org/abs/2403.04652).")
            + section("Disclaimer", say(50))
            + section("License", say(20)),
            "llama",
            68,
        ),
    ),
    "ChatGLM-6B": (
        "THUDM/chatglm-6b",
        chat(
            {"tags": ["glm", "chatglm", "thudm"]},
            "# ChatGLM-6B\n\n"
            + (
                f"[GitHub repo]({GH}/THUDM/ChatGLM-6B) | [GLM, ACL "
                f"22](https://aclanthology.org/2022.acl-long.26/) [paper]\n"
            )
            + say(60)
            + section("Code", say(20))
            + section(
                "License", "The code is under Apache-2.0, the weights under the model licence in this repository."
            )
            + section(
                "Citation", "```\n@inproceedings{glm, booktitle={Annual Meeting of the ACL}, year={2022}}\n```"
            ),
            "chatglm",
            13,
        ),
    ),
    "mistral-nemo": (
        "mistralai/Mistral-Nemo-Instruct-2407",
        chat(
            {
                "license": "apache-2.0",
                "base_model": "mistralai/Mistral-Nemo-Base-2407",
                "extra_gated_description": "Privacy",
            },
            "# Model Card for Mistral-Nemo\n\n"
            + say(40)
            + section("Key features", say(20))
            + section("Model Architecture", ARCHITECTURE)
            + section("Metrics", TABLE)
            + section("Usage", "```\npip install mistral_inference\n```\n" + say(30))
            + section("Limitations", say(40)),
            "mistral",
            24,
        ),
    ),
    "llama-3.1": (
        "meta-llama/Llama-3.1-70B-Instruct",
        chat(
            {"license": "llama3.1", "base_model": "meta-llama/Llama-3.1-70B", **GATE},
            "# Llama 3.1\n"
            + section(
                "Model Information",
                say(80) + "\n\n| | Params | Context | GQA |\n|---|---|---|---|\n| 70B | 70B | 128k | yes |\n",
            )
            + section("Intended Use", say(60))
            + section("How to use", say(30))
            + section("Hardware and Software", say(60))
            + section("Training Data", say(40, "15 trillion tokens of data from publicly available sources."))
            + section("Benchmark scores", TABLE)
            + section("Responsibility & Safety", say(150))
            + section("Ethical Considerations and Limitations", say(60)),
            "llama",
            141,
        ),
    ),
}
"""Further releases, written after the rules; the rules gained four kinds of words from them, and no more."""
