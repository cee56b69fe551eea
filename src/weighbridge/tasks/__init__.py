"""Tasks: items, loaders, prompts, scorers."""

from weighbridge.tasks.columns import ColumnMap
from weighbridge.tasks.default_prompt import PromptText, default_prompt
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.load import Loaded, items_of, load_items
from weighbridge.tasks.marking import Marker, ScorerSpec, StatusScores
from weighbridge.tasks.options import choices_of
from weighbridge.tasks.prompt import JinjaPrompt
from weighbridge.tasks.scorers import SCORERS, scorer_named
from weighbridge.tasks.shots import FewShot, draw_shots, load_shots
from weighbridge.tasks.source import DataSource
from weighbridge.tasks.task import Prompt, Scorer, Task

__all__ = [
    "SCORERS",
    "ColumnMap",
    "DataSource",
    "FewShot",
    "Item",
    "JinjaPrompt",
    "Loaded",
    "Marker",
    "Message",
    "Prompt",
    "PromptText",
    "Scorer",
    "ScorerSpec",
    "StatusScores",
    "Task",
    "choices_of",
    "default_prompt",
    "draw_shots",
    "items_of",
    "load_items",
    "load_shots",
    "scorer_named",
]
