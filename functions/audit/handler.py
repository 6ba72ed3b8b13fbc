"""Lambda function: audit the number inventory of one customer or of all; it reports and changes nothing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from number_inventory import bootstrap
from number_inventory.events import AuditEvent, read_event
from number_inventory.observability import as_json, count, logger_for, measured, metrics_for
from number_inventory.settings import AuditSettings

logger = logger_for("audit")
metrics = metrics_for("audit")


@measured(metrics)
@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Audit; answers `{"audits": [summary of each customer]}`.

    Raises:
        InvalidInputError: the event is malformed.
        StorageBusyError, StorageRefusedError: AWS did not play along.
    """
    request = read_event(AuditEvent, event)
    settings = AuditSettings.load()
    customers = [request.customer] if request.customer else list(bootstrap.devices(settings.devices_table).customers())
    audit = bootstrap.audit_inventory(settings)
    summaries = []
    for customer in customers:
        summary = audit(customer)
        summaries.append(as_json(summary))
        counts = {"NumbersAudited": summary.numbers, "AuditFindings": summary.found.total()}
        count(metrics, counts)
        level = logger.warning if summary.findings else logger.info
        level("number inventory audited", extra={"audit": as_json(summary)})
    return {"audits": summaries}
