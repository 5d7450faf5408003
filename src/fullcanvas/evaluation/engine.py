"""Where work is done: the processes of this machine, or those of a cluster, all behind joblib."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, Protocol

import cv2
from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool

from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.inference.graph import real_cores

Kind = Literal["processes", "dask", "ray"]
Call = tuple[Callable[..., Any], tuple[Any, ...]]

SLICE = 64
"""How many calls a backend gets at once if it cannot answer one by one."""

PATIENCE = 30
"""Seconds that a scheduler has to answer, and its workers to arrive."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where work is done, as the command line names it.

    Attributes:
        jobs: processes on this machine, -1 uses every core; a cluster at an address uses all that it has.
        kind: `processes` are joblib's own; `dask` and `ray` are clusters.
        address: of the cluster's scheduler; without one, Dask and Ray start a cluster on this machine.
    """

    jobs: int = 1
    kind: Kind = "processes"
    address: str | None = None

    def __post_init__(self) -> None:
        if self.jobs == 0 or self.jobs < -1:
            raise EvaluationError(f"jobs is a number of processes, or -1 for every core, not {self.jobs}")
        if self.address and self.kind == "processes":
            raise EvaluationError("an address is that of a cluster: choose --engine dask or --engine ray")

    def open(self) -> AbstractContextManager[Pool]:
        """The workers, ready; they go when the context ends.

        Raises:
            EvaluationError: a package is missing, or no scheduler answers at the address.
        """
        return {"processes": _processes, "dask": _dask, "ray": _ray}[self.kind](self)


class Pool(Protocol):
    """Workers that wait for calls."""

    @property
    def threads(self) -> int | None:
        """How many threads one call may use; None is as many as there are cores."""
        ...

    def spread(self, calls: Iterable[Call]) -> Iterator[Any]:
        """The answers to some calls, as they come.

        Raises:
            EvaluationError: the workers died.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Here:
    """This process, one call after the other."""

    threads: int | None = None

    def spread(self, calls: Iterable[Call]) -> Iterator[Any]:
        return (function(*arguments) for function, arguments in calls)


@dataclass(frozen=True, slots=True)
class _Workers:
    """Processes, wherever they are.

    Attributes:
        threads: of each call.
        options: what chooses the backend of joblib.
        streams: whether answers come one by one, or by the slice.
        deaths: what is raised when workers die.
    """

    threads: int
    options: dict[str, Any]
    streams: bool = True
    deaths: tuple[type[BaseException], ...] = (BrokenProcessPool,)

    def spread(self, calls: Iterable[Call]) -> Iterator[Any]:
        tasks = (delayed(_limited)(self.threads, function, arguments) for function, arguments in calls)
        try:
            yield from self._answers(tasks)
        except self.deaths as error:
            raise EvaluationError(
                "workers died, perhaps of too little memory: start again, with fewer --jobs; "
                "what was done is kept where --json is given"
            ) from error

    def _answers(self, tasks: Iterator[Any]) -> Iterator[Any]:
        with parallel_config(**self.options):
            way = "generator_unordered" if self.streams else "list"
            parallel = Parallel(return_as=way)
        if self.streams:
            yield from parallel(tasks)
            return
        while some := list(islice(tasks, SLICE)):
            yield from parallel(some)


def _limited(threads: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """A call in a worker, whose siblings need the other cores."""
    cv2.setNumThreads(threads)
    return function(*arguments)


@contextmanager
def _processes(engine: Engine) -> Iterator[Pool]:
    jobs = effective_n_jobs(engine.jobs)
    if jobs == 1:
        yield _Here()
        return
    yield _Workers(max(1, real_cores() // jobs), {"backend": "loky", "n_jobs": jobs})


@contextmanager
def _dask(engine: Engine) -> Iterator[Pool]:
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError as error:
        raise _missing(error, "dask", 'pip install "fullcanvas[experiments]"') from error
    local = {"n_workers": effective_n_jobs(engine.jobs), "threads_per_worker": 1, "dashboard_address": None}
    where = {"address": engine.address} if engine.address else local
    try:
        client = Client(**where, timeout=PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise EvaluationError(f"no Dask scheduler answers at {engine.address}: {error}") from error
    # As many calls run in a worker at once as it has threads: each has one for itself.
    options = {"backend": "dask", "n_jobs": -1, "client": client, "wait_for_workers_timeout": PATIENCE}
    with client:
        yield _Workers(1, options, deaths=(KilledWorker,))


@contextmanager
def _ray(engine: Engine) -> Iterator[Pool]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ModuleNotFoundError as error:
        raise _missing(error, "ray", "pip install ray") from error
    here = {} if engine.address else {"num_cpus": effective_n_jobs(engine.jobs), "include_dashboard": False}
    try:
        ray.init(address=engine.address or "local", **here, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EvaluationError(f"no Ray cluster answers at {engine.address}: {error}") from error
    register_ray()
    try:
        yield _Workers(1, {"backend": "ray", "n_jobs": -1}, streams=False, deaths=(ray.exceptions.RayError,))
    finally:
        ray.shutdown()


def _missing(error: ModuleNotFoundError, kind: str, command: str) -> EvaluationError:
    return EvaluationError(f"--engine {kind} needs a package that is not installed ({error}): {command}")
