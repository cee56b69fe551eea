"""Small files in the formats that AlpacaEval, MT-bench and ZeroEval write, made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def annotation(number: int, preference: float | None, model: str = "open-7b", **changed: Any) -> dict[str, Any]:
    return {
        "instruction": f"Explain point {number} of the agenda.",
        "output_1": f"The baseline explains point {number} at some length.",
        "generator_1": "baseline-1",
        "dataset": "helpful_base" if number % 2 else "koala",
        "output_2": f"Point {number}, said by {model}.",
        "generator_2": model,
        "annotator": "weighted_judge",
        "preference": preference,
        "price_per_example": 0.01,
        "time_per_example": 0.18,
        "raw_completion": {"text": "m", "logprobs": {"content": [{"token": "m", "logprob": -0.01}]}},
        **changed,
    }


def output(number: int, model: str = "open-7b") -> dict[str, Any]:
    made = annotation(number, None, model)
    return {
        "dataset": made["dataset"],
        "instruction": made["instruction"],
        "output": made["output_2"],
        "generator": model,
    }


def gsm(number: int, said: str | list[str], model: str = "org/Llama-3-8B", **changed: Any) -> dict[str, Any]:
    question = f"There are {number} ducks and twice as many geese. How many birds are there?"
    prompt = f"\n## Question: \n\n{question}\n\n## Instruction \n\nAnswer in json.\n"
    return {
        "session_id": f"gsm8k-main-test-#{number}",
        "chat_history": [prompt],
        "model_input": f"<|user|>{prompt}<|assistant|>",
        "output": [said] if isinstance(said, str) else said,
        "generator": model,
        "configs": {"engine": "vllm", "temperature": 0.0, "top_p": 1.0, "max_tokens": 4096},
        "dataset": "gsm",
        "id": f"gsm8k-main-test-#{number}",
        "question": question,
        "answer": f"# {3 * number}",
        "source": "openai/gsm8k",
        "config": "main",
        "task_type": "qa",
        **changed,
    }


def single(question: int, turn: int, score: float, model: str = "vicuna-13b") -> dict[str, Any]:
    return {
        "question_id": question,
        "model": model,
        "judge": ["gpt-4", "single-v1" if turn == 1 else "single-v1-multi-turn"],
        "user_prompt": "[Instruction]\nPlease act as an impartial judge ...",
        "judgment": f"Good enough. Rating: [[{score}]]",
        "score": score,
        "turn": turn,
        "tstamp": 1700367448.53,
    }


def pair(question: int, models: tuple[str, str], winners: tuple[str, str], turn: int = 1) -> dict[str, Any]:
    return {
        "question_id": question,
        "model_1": models[0],
        "model_2": models[1],
        "g1_winner": winners[0],
        "g2_winner": winners[1],
        "judge": ["gpt-4", "pair-v2"],
        "g1_user_prompt": "[User Question] ...",
        "g1_judgment": "[[A]]",
        "g2_user_prompt": "[User Question] ...",
        "g2_judgment": "[[B]]",
        "turn": turn,
        "tstamp": 1700367448.53,
    }


def question(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "question_id": number,
        "category": "math",
        "turns": [f"What is {number} + 1?", "And twice that?"],
        "reference": [str(number + 1), str(2 * number + 2)],
        **changed,
    }


def answer(number: int, model: str = "vicuna-13b", turns: list[str] | None = None) -> dict[str, Any]:
    return {
        "question_id": number,
        "answer_id": f"id{number}",
        "model_id": model,
        "choices": [{"index": 0, "turns": turns or [f"It is {number + 1}.", f"Then {2 * number + 2}."]}],
        "tstamp": 1718302375.15,
    }


def write_array(path: Path, elements: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(elements, indent=2), encoding="utf-8")
    return path


def write_lines(path: Path, elements: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in elements), encoding="utf-8")
    return path
