"""The command line as it explains itself."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from deqing_geo import cli


def page() -> str:
    """The page in Markdown: every command with its own help."""
    blocks = [
        "# 命令 Commands\n",
        "每条命令都会自己说明用法(`deqing-geo 命令 --help`),下面就是这些说明。退出码:0 完成,"
        "1 拒绝或失败,2 参数有误,3 检查完成且有问题(`check`),4 完成但有个别成果失败(`report`),"
        "130 被中断,143 被系统结束。\n",
        "What each command says of itself, and the status it ends with: 0 done, 1 refused or "
        "failed, 2 mistaken arguments, 3 faults found (`check`), 4 some products failed "
        "(`report`), 130 interrupted, 143 ended by the system.\n",
    ]
    # Help is as wide as the console is; here always the same.
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "88"
    try:
        for called, parser in commands(cli._parser()):
            blocks += [f"## {called}\n", "```text", parser.format_help().rstrip(), "```\n"]
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(blocks)


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A parser and all its commands, in their order."""
    yield parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            seen = set()
            for below in action.choices.values():
                if id(below) not in seen:
                    seen.add(id(below))
                    yield from commands(below)
