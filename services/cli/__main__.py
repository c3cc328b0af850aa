"""The command ``wireroom``. A command's module is imported when the command is used."""

from __future__ import annotations

import difflib
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import click

from shared.errors import WireroomError

INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class Target(NamedTuple):
    """Where a command is (``module:attribute``) and what it does, in a line."""

    place: str
    help: str


COMMANDS: dict[str, Target] = {
    "ingest": Target("services.cli.ingest:ingest_command", "Take in files and folders."),
    "watch": Target("services.cli.watch:watch_command", "Take in what is dropped into a folder."),
    "replay": Target(
        "services.cli.replay:replay_command", "Send what was archived through the flow again."
    ),
    "fetch": Target("services.cli.fetch:fetch_command", "Fetch pages, feeds and sitemaps."),
    "sources": Target(
        "services.cli.sources:sources_group", "Keep the list of sources, check and crawl them."
    ),
    "search": Target("services.cli.search:search_command", "Search the articles."),
    "show": Target("services.cli.show:show_command", "Show one article and where it comes from."),
    "revisions": Target(
        "services.cli.revisions:revisions_command", "List an article's revisions and changes."
    ),
    "duplicates": Target(
        "services.cli.duplicates:duplicates_command", "Show an article's copies, side by side."
    ),
    "story": Target("services.cli.story:story_command", "Show the reports of one event."),
    "explain": Target(
        "services.cli.explain:explain_command", "Show what is kept of a document, and why."
    ),
    "tag": Target("services.cli.tag:tag_command", "Show who and what a text names."),
    "entities": Target(
        "services.cli.entities:entities_command", "Show what is known of a name, and why."
    ),
    "demo": Target(
        "services.cli.demo:demo_command", "Run the shipped samples and show the result."
    ),
    "stage": Target("services.cli.lines:stage_command", "Run one stage by itself on JSON Lines."),
    "up": Target("services.cli.up:up_command", "Start the servers and the services."),
    "down": Target("services.cli.up:down_command", "Stop the servers and the services."),
    "status": Target("services.cli.up:status_command", "Show lag, rates and health."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports only the one that is used."""

    def __init__(self, *arguments: Any, targets: dict[str, Target], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets = targets

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; raises :class:`click.ClickException` when it cannot be."""
        target = self._targets.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.place.partition(":")
        try:
            command = getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            raise click.ClickException(
                f"the command {cmd_name!r} is not complete in this installation: {error}"
            ) from error
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a name that is nearly right."""
        near = difflib.get_close_matches(args[0], self._targets, n=1)
        if args[0] not in self._targets and near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, target.help) for name, target in self._targets.items()])


@click.group(
    cls=LazyGroup,
    targets=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(version("wireroom"), message="wireroom %(version)s", help="Show the version.")
@click.option("-v", "--verbose", is_flag=True, help="Show what happens inside, on stderr.")
def wireroom(verbose: bool) -> None:
    """News in any form becomes clean, tagged, de-duplicated articles that can be searched."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "wireroom: %(message)s"
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format=form)
    if not verbose:  # why a command waits is worth a line; refusals stand in its summary
        logging.getLogger("shared.runtime.retry").setLevel(logging.WARNING)
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # says the same, line after line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0 done, 1 failed, 2 wrong usage, 130 interrupted. Errors are one line on standard error.
    """
    try:
        result = wireroom.main(
            list(arguments) if arguments is not None else None,
            prog_name="wireroom",
            standalone_mode=False,
        )
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message())  # may point at a place, in lines of its own
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted; nothing is lost, the same command goes on where this one stopped")
        return INTERRUPTED
    except WireroomError as error:
        return _fail("; ".join(filter(None, map(str.strip, str(error).splitlines()))))
    except BrokenPipeError:
        # The reader of our output went away (``| head``): leave without a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def _fail(message: str) -> int:
    click.echo(f"wireroom: {message}", err=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
