"""Lambda function: work on a job that adds numbers as far as the time allows, then hand it to the next invocation."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory.bootstrap import number_jobs
from number_inventory.domain.errors import InventoryError, PermanentError
from number_inventory.domain.number_jobs import JOB_ENDED, JobState, NumberJob
from number_inventory.events import JobStep, read_event
from number_inventory.observability import correlate, count, job_as_json, logger_for, measured, metrics_for
from number_inventory.settings import RunJobSettings

SAFETY = timedelta(seconds=30)
"""What is kept of the function's time to store how far the job is and to hand it over."""

logger = logger_for("number-jobs")
metrics = metrics_for("number-jobs")


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, Any]]]:
    """Work on the job; answers `{"jobs": [the job as it stands now]}`, or nothing where it has gone on elsewhere.

    Raises:
        InvalidInputError: the event is malformed.
        NotFoundError: there is no such job.
        StorageBusyError, StorageRefusedError: AWS did not play along. Lambda tries again, and goes on where this ended.
    """
    request = read_event(JobStep, event)
    correlate(logger, request.job, context.aws_request_id)
    settings = RunJobSettings.load()
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    work = number_jobs.run_number_job(settings, max(left - SAFETY, timedelta(seconds=1)))
    try:
        job = work(request.customer, request.job, request.step, context.aws_request_id)
    except PermanentError:
        with suppress(InventoryError):
            # What fails for good ends its job, which says so.
            _tell(number_jobs.look_at_number_jobs(settings).one(request.customer, request.job))
        raise
    if job is None:
        logger.info("job has gone on elsewhere", extra=request.model_dump())
        return {"jobs": []}
    _tell(job)
    return {"jobs": [job_as_json(job)]}


def _tell(job: NumberJob) -> None:
    if job.state not in JOB_ENDED:
        logger.info("job goes on in its next step", extra={"job": job_as_json(job)})
        return
    clean = job.state is JobState.FINISHED and not job.failed
    level = logger.info if clean else logger.warning
    level("numbers added", extra={"job": job_as_json(job)})
    counts = {"NumbersCreated": job.created, "NumbersExisted": job.existed, "NumbersNotAdded": job.total - job.done}
    counts["NumbersNotAdded"] += job.failed
    count(metrics, {**counts, "JobsEnded": 1, "JobsStopped": int(job.state is JobState.STOPPED)})
