"""From the prompts of a project file to `Prompt` objects; a template's error is shown on its line of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath

from weighbridge.errors import UsageError
from weighbridge.project.options import ProjectOptions, PromptOptions, ShotsOptions
from weighbridge.project.placing import rooted
from weighbridge.project.source import Path, Source
from weighbridge.tasks.default_prompt import default_prompt
from weighbridge.tasks.load import Loaded
from weighbridge.tasks.prompt import JinjaPrompt
from weighbridge.tasks.shots import Drawn, FewShot, load_shots
from weighbridge.tasks.source import DataSource, existing

DEFAULT = "default"

_PART = re.compile(r"^(?P<place>.*), (?P<part>user|system|answer)(?::(?P<line>\d+))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts by name, those that candidates declare for themselves, and what to tell about them."""

    named: dict[str, JinjaPrompt]
    own: dict[int, JinjaPrompt]
    """By position of the candidate."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all prompts of a task share."""

    source: Source
    folder: FilePath
    data: DataSource
    loaded: Loaded
    choices: tuple[str, ...] | None
    scorer: str


def make_prompts(options: ProjectOptions, setting: Setting) -> Prompts:
    """Make every prompt the file declares, and try each on the first item. Raises `UsageError`."""
    written: dict[str, tuple[Path, str | PromptOptions]] = {
        name: (("prompts", name), prompt) for name, prompt in options.prompts.items()
    }
    if options.prompt is not None:
        if DEFAULT in written:
            raise UsageError(
                "the default prompt is there twice: as 'prompt' and as 'default' under 'prompts'",
                where=setting.source.where(("prompt",), key=True),
                fix="keep one of them",
            )
        written = {DEFAULT: (("prompt",), options.prompt), **written}
    written.setdefault(DEFAULT, ((), PromptOptions()))
    notes: list[str] = []
    named = {name: _made(name, prompt, path, setting, notes) for name, (path, prompt) in written.items()}
    own = {
        index: _made(candidate.name or f"candidate {index + 1}", candidate.prompt, path, setting, notes)
        for index, candidate in enumerate(options.candidates)
        if isinstance(candidate.prompt, PromptOptions)
        for path in [("candidates", index, "prompt")]
    }
    chosen = [candidate.prompt or DEFAULT for candidate in options.candidates]
    used = {name for name in chosen if isinstance(name, str)}
    for name, prompt in named.items():
        if name in used:
            notes += prompt.notes
        elif name in options.prompts:
            notes.append(f"no candidate uses the prompt {name!r}")
    return Prompts(named, own, tuple(dict.fromkeys(notes)))


def _made(name: str, prompt: str | PromptOptions, path: Path, setting: Setting, notes: list[str]) -> JinjaPrompt:
    given = PromptOptions(user=prompt) if isinstance(prompt, str) else prompt
    columns = setting.loaded.columns
    usual = default_prompt(columns, choices=setting.choices, scorer=setting.scorer)
    parts: dict[str, Path | FilePath] = {}
    user = _text(given, "user", path, setting, parts)
    system = _text(given, "system", path, setting, parts)
    if isinstance(prompt, str):
        parts["user"] = path
    if user is None:
        user = usual.user
        system = usual.system if system is None else system
    with _on_its_line(setting.source, parts):
        drawn = _shots(given.shots, (*path, "shots"), setting) if given.shots else Drawn(())
        notes += [f"prompt {name!r}: {note}" for note in drawn.notes]
        made = JinjaPrompt(
            name,
            user,
            system=system,
            shots=drawn.items,
            withheld=columns.reference,
            choices=setting.choices,
            option_columns=columns.choices,
            columns=setting.loaded.fields,
            where=setting.source.where(path) if path else f"the prompt {name!r}",
        )
        made.render(setting.loaded.items[0])
    return made


def _text(
    prompt: PromptOptions, part: str, path: Path, setting: Setting, parts: dict[str, Path | FilePath]
) -> str | None:
    """A template, written here or in a file of its own; notes in `parts` where its lines are."""
    text: str | None = getattr(prompt, part)
    file: str | None = getattr(prompt, f"{part}_file")
    if text is not None and file is not None:
        raise UsageError(
            f"{part!r} and '{part}_file' are both given",
            where=setting.source.where((*path, f"{part}_file"), key=True),
            fix="keep one of them",
        )
    parts[part] = (*path, part)
    if file is None:
        return text
    try:
        found = existing(str(rooted(file, setting.folder)))
        parts[part] = found
        return found.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the template file is not UTF-8", where=str(found), fix="save it as UTF-8") from None
    except IsADirectoryError:
        raise UsageError("the template file is a folder", where=str(found), fix="name the file in it") from None
    except UsageError as error:
        error.what = error.what.replace("data file", "template file")
        error.where = f"{error.where}, named at {setting.source.where((*path, f'{part}_file'))}"
        raise


def _shots(shots: ShotsOptions, path: Path, setting: Setting) -> Drawn:
    data = setting.data
    if shots.path is None and (shots.split is None or not FilePath(data.path).is_dir()):
        raise UsageError(
            "the examples have no source of their own",
            where=setting.source.where(path),
            fix="name a file of examples with 'path:' (never the weighed items), or another 'split:' of the folder",
        )
    if shots.path is None and shots.split == setting.loaded.split:
        raise UsageError(
            f"the examples would be drawn from the split that is weighed ({shots.split})",
            where=setting.source.where((*path, "split")),
            fix="name another split, for example train",
        )
    source = DataSource(
        path=data.path if shots.path is None else str(rooted(shots.path, setting.folder)),
        split=shots.split,
        id=shots.id,
        reference=shots.reference,
        encoding=shots.encoding,
    )
    few = FewShot(data=source, count=shots.count, seed=shots.seed, balanced=shots.balanced)
    try:
        return load_shots(few, setting.loaded)
    except UsageError as error:
        here = setting.source.where(path)
        error.where = f"{error.where}, named at {here}" if error.where else here
        raise


@contextmanager
def _on_its_line(source: Source, parts: dict[str, Path | FilePath]) -> Iterator[None]:
    """Turns the line of a template into the line of the file it stands in."""
    try:
        yield
    except UsageError as error:
        found = _PART.match(error.where or "")
        if found:
            at = parts.get(found["part"])
            line = int(found["line"] or 1)
            if isinstance(at, FilePath):
                error.where = f"{at}:{line}"
            elif at and at in source.values:
                first = source.values[at][0]
                there = first + line if at in source.blocks else first
                error.where = f"{source.label}:{there} ({'.'.join(map(str, at))}, line {line} of the template)"
        raise
