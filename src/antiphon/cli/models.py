"""``antiphon models``: list, pull and verify model files; add models of one's own, and remove any."""

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from antiphon.cli.console import complain, err, out, plain_errors
from antiphon.errors import ModelMissing, OperatorError
from antiphon.models import adding as models_adding
from antiphon.models.catalog import Model, ModelFile
from antiphon.models.owncatalog import own_catalog_path
from antiphon.models.places import Place
from antiphon.models.store import ModelStore, Status
from antiphon.settings import load_settings

app = typer.Typer(
    help="List, pull and verify model files, which are held to the sizes and sha256 of the catalog; add "
    "models of your own.",
    no_args_is_help=True,
    add_completion=False,
)

Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file (TOML); also ANTIPHON_CONFIG.", metavar="FILE")
]
ModelsDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the model files; also ANTIPHON_MODELS_DIR.", metavar="FOLDER"),
]


@app.command("list", epilog="Example: antiphon models list")
@plain_errors()
def list_models(config: Config = None, models_dir: ModelsDir = None) -> None:
    """Show the models of the catalog, and which of them are here.

    A model is pulled, incomplete (some files are there), corrupt (a file differs from the catalog) or
    missing; a pull mends the last three.
    """
    store = _store(config, models_dir)
    table = Table("name", "kind", "size", "licence", "default", "state", box=None, pad_edge=False)
    for model in store.catalog.models:
        default = "yes" if model.default else ""
        table.add_row(
            model.name, model.kind, decimal(model.size), model.license, default, store.status(model.name)
        )
    out.print(table)
    out.print(f"in {store.root}", style="dim", soft_wrap=True)


@app.command(epilog="Example: antiphon models pull hibari moonshine-tiny-en")
@plain_errors()
def pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models to pull; without names, the defaults.")
    ] = None,
    config: Config = None,
    models_dir: ModelsDir = None,
) -> None:
    """Fetch models into the models folder.

    Says first what it will fetch, how large it is, under which licence and from where. What is here and
    right is left alone; an interrupted download over HTTP goes on where it stopped. Python packages come
    through pip and so from the index, mirror or folder that pip is configured for (PIP_INDEX_URL,
    PIP_FIND_LINKS, pip.conf).
    """
    store = _store(config, models_dir)
    wanted = names or store.catalog.defaults
    lacking = store.lacking(wanted)
    if not lacking:
        out.print(f"Nothing to pull: {', '.join(wanted)} in {store.root}", highlight=False, soft_wrap=True)
        return
    _announce(store.root, lacking)
    with Bars() as bars:
        store.pull(wanted, bars)
    pulled = dict.fromkeys(model.name for model, _ in lacking)
    out.print(f"Pulled and verified: {', '.join(pulled)}", highlight=False, soft_wrap=True)


@app.command(epilog="Example: antiphon models add s3://bucket/models/moonshine-base")
@plain_errors()
def add(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, or file:///folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix.",
            metavar="SOURCE",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(help="Name that clients call it by; else that in its model.toml, else its folder's."),
    ] = None,
    config: Config = None,
    models_dir: ModelsDir = None,
) -> None:
    """Add a model of your own: a Whisper in CTranslate2 form, or a Moonshine in ONNX form.

    Copies its files into the models folder, checks them against a SHA256SUMS that lies beside them, and
    writes what they are into catalog.toml there: from then on it is a model like the others, under its name.
    Again, it takes what has changed in the source. Credentials for buckets are found as the store's own tools
    find them.
    """
    store = _store(config, models_dir)
    place = Place.parse(source)
    with Bars() as bars:
        model = models_adding.add(store, place, name, bars)
    size = decimal(model.size)
    out.print(
        f"Added: {model.name} ({size}), written into {own_catalog_path(store.root)}",
        highlight=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: antiphon models remove whisper-tiny")
@plain_errors()
def remove(
    names: Annotated[list[str], typer.Argument(help="Models to remove.")],
    config: Config = None,
    models_dir: ModelsDir = None,
) -> None:
    """Delete the files of models; those of your own leave the list, too."""
    store = _store(config, models_dir)
    for name in names:
        store.remove(name)
        out.print(f"Removed: {name}", highlight=False)


@app.command(epilog="Example: antiphon models verify hibari")
@plain_errors()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models to verify; without names, all that are here.")
    ] = None,
    config: Config = None,
    models_dir: ModelsDir = None,
) -> None:
    """Hash every file of the models and compare with the catalog.

    Processes check sizes and times of change when they start; this reads every byte. The exit status is 1
    if a file is missing or differs.
    """
    store = _store(config, models_dir)
    here = [model.name for model in store.catalog.models if store.status(model.name) is not Status.MISSING]
    chosen = names or here
    if not chosen:
        raise ModelMissing(f"There are no models in {store.root}; run: antiphon models pull")
    failed = False
    for name in chosen:
        try:
            store.verify(name)
        except OperatorError as error:
            complain(error)
            failed = True
        else:
            out.print(f"{name} is right", highlight=False)
    if failed:
        raise typer.Exit(1)


class Bars(Progress):
    """A bar for each file and package (see `antiphon.models.progress.Progress`)."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=err,
        )
        self._bars: dict[str, TaskID] = {}

    def waiting(self) -> None:
        """Say why nothing moves."""
        self.console.print("Another pull into this folder is under way; waiting for it to finish.")

    def received(self, what: str, done: int, total: int | None) -> None:
        """Move the bar of ``what``, which begins to be drawn now if it is new."""
        if what not in self._bars:
            self._bars[what] = self.add_task(what, total=total)
        self.update(self._bars[what], completed=done, total=total)


def _store(config: Path | None, models_dir: Path | None) -> ModelStore:
    return ModelStore(load_settings({"models_dir": models_dir}, config=config).models_dir)


def _announce(root: Path, lacking: list[tuple[Model, ModelFile]]) -> None:
    total = sum(file.size for _, file in lacking)
    out.print(f"Pulling {decimal(total)} into {root}", highlight=False, soft_wrap=True)
    for model in dict.fromkeys(model for model, _ in lacking):
        files = [file for owner, file in lacking if owner == model]
        size = decimal(sum(file.size for file in files))
        out.print(f"  {model.name} ({model.kind}, {size}, {model.license})", highlight=False, soft_wrap=True)
        for file in files:
            for address in file.sources:
                place = address if isinstance(address, str) else " + ".join(address)
                out.print(
                    f"    {file.name} from {place}",
                    style="dim",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
