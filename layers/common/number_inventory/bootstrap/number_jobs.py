"""Jobs that add many numbers: the number API starts them, a function of their own carries them out."""

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.domain.number_jobs import NumberJob
    from number_inventory.ports.turns import Workers
    from number_inventory.services.look_at_number_jobs import LookAtNumberJobs
    from number_inventory.services.run_ids import NewId
    from number_inventory.services.run_number_job import RunNumberJob
    from number_inventory.services.start_number_job import StartNumberJob
    from number_inventory.settings import JobsSettings, RunJobSettings


@lru_cache(maxsize=1)
def number_job_workers(settings: "JobsSettings") -> "Workers[NumberJob]":
    """Those who carry out jobs: invocations of their function."""
    from number_inventory.adapters.lambda_functions import LambdaWorkers

    return LambdaWorkers(process.session().functions(), settings.job_function, "job")


def start_number_job(settings: "JobsSettings", new_id: "NewId | None" = None) -> "StartNumberJob":
    """Start jobs that add numbers; `new_id` makes their names."""
    from number_inventory.services.run_ids import new_run_id
    from number_inventory.services.start_number_job import StartNumberJob

    return StartNumberJob(
        stores.number_jobs(settings), number_job_workers(settings), process.clock(), new_id or new_run_id
    )


def run_number_job(settings: "RunJobSettings", budget: timedelta) -> "RunNumberJob":
    """Carry out jobs: as far as `budget` reaches, then somebody else goes on."""
    from number_inventory.services.run_number_job import RunNumberJob

    return RunNumberJob(
        jobs=stores.number_jobs(settings),
        workers=number_job_workers(settings),
        inventory=stores.inventory(settings),
        clock=process.clock(),
        budget=budget,
    )


def look_at_number_jobs(settings: "JobsSettings") -> "LookAtNumberJobs":
    """Look at jobs and what became of their numbers."""
    from number_inventory.services.look_at_number_jobs import LookAtNumberJobs

    return LookAtNumberJobs(stores.number_jobs(settings))
