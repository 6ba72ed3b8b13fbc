"""List prices in US dollars, region US East (N. Virginia), without taxes, as published in the first half of 2026.

They were checked against public write-ups of AWS's price pages, named with each, not against AWS's price list itself,
which is not reachable from where benchmarks run. Other regions differ by some per cent (Frankfurt is dearer by a fifth
for DynamoDB and the same for Lambda). Whoever redoes the bill changes them here.
"""

from dataclasses import dataclass

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """What one service charges for one thing.

    Attributes:
        usd: for `per` units.
        free: units a month that no account ever pays; benefits of new accounts are left out.
        source: where the price was read.
    """

    service: str
    unit: str
    usd: float
    per: float = 1.0
    free: float = 0.0
    source: str = ""

    def cost(self, quantity: float) -> float:
        """The price of a quantity, nothing of it free."""
        return quantity * self.usd / self.per

    def cost_beyond_free(self, quantity: float) -> float:
        """The price of a quantity where nothing else in the account uses what is free."""
        return self.cost(max(0.0, quantity - self.free))


_DYNAMODB = "airbyte.com on DynamoDB's prices, July 2025, after the price cut of November 2024"
_CLOUDWATCH = "cloudburn.io on CloudWatch's prices, February 2026"
_NOT_SEEN = "AWS's price page as of 2025; not seen again in 2026"

WRITES = Price("DynamoDB", "write request units, on demand", 0.625, MILLION, source=_DYNAMODB)
READS = Price("DynamoDB", "read request units, on demand", 0.125, MILLION, source=_DYNAMODB)
STORAGE = Price("DynamoDB", "GB stored", 0.25, free=25, source="aws.amazon.com/dynamodb/pricing")
BACKUP = Price("DynamoDB", "GB of point-in-time recovery", 0.20, source=_NOT_SEEN)
INVOCATIONS = Price("Lambda", "invocations", 0.20, MILLION, free=MILLION, source="cloudchipr.com, 2025")
COMPUTE = Price("Lambda", "GB-seconds, arm64", 0.0000133334, free=400_000, source="cloudchipr.com, 2025")
QUEUE = Price("SQS", "requests", 0.40, MILLION, free=MILLION, source="cloudburn.io on SQS's prices, March 2026")
SCHEDULES = Price(
    "EventBridge", "scheduled invocations", 1.00, MILLION, free=14 * MILLION, source="cloudburn.io, March 2026"
)
EVENTS = Price("EventBridge", "events of our own", 1.00, MILLION, source="cloudburn.io, March 2026")
REQUESTS = Price(
    "API Gateway", "REST requests", 3.50, MILLION, source="AWS's whitepaper on private APIs; amnic.com, 2026"
)
DECRYPTIONS = Price("KMS", "decryptions", 0.03, 10_000, free=20_000, source="wring.co and cloudburn.io, March 2026")
METRICS = Price("CloudWatch", "metric-months of our own, by the hour", 0.30, free=10, source=_CLOUDWATCH)
ALARMS = Price("CloudWatch", "alarms", 0.10, free=10, source=_CLOUDWATCH)
LOGS = Price("CloudWatch", "GB of logs taken in", 0.50, free=5, source=_CLOUDWATCH)

PRICES = (
    *(WRITES, READS, STORAGE, BACKUP, INVOCATIONS, COMPUTE, QUEUE, SCHEDULES, EVENTS, REQUESTS, DECRYPTIONS),
    *(METRICS, ALARMS, LOGS),
)
