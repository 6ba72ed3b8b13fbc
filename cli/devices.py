"""`number-inventory devices`: the connections to AudioCodes devices."""

import getpass
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import wiring
from cli.asking import PasswordStdin, Username, ask_credentials, confirmed
from cli.capture import Tape, captured
from cli.device_input import (
    CaFile,
    Fingerprint,
    Hosts,
    Insecure,
    IpGroups,
    Rules,
    hosts_of,
    one_of,
    rules_of,
    tls_settings,
)
from cli.device_views import (
    answer_json,
    answer_table,
    device_json,
    device_table,
    devices_table,
    removal_fate,
    removals_words,
)
from cli.help import command
from cli.request import AsJson, Customer, Request, request_of
from number_inventory.bootstrap import configuration, process
from number_inventory.domain.devices import (
    Device,
    DeviceKey,
    Health,
    LoginMethod,
    SourceKind,
    device_address,
    leads_elsewhere,
)
from number_inventory.services.manage_devices import ConfigureDevices

_TEST_BUDGET = timedelta(minutes=4)
"""How long a device may take over a test; the largest take minutes over their list of users."""

_REMOVE_BUDGET = timedelta(minutes=15)
"""How long a removal may take over the device's numbers; run again, it goes on."""

_UNVERIFIED = "the certificate of {} is not verified: anybody on the way could play the device"

app = typer.Typer(no_args_is_help=True, help="Add, look at, test, edit, enable, disable and remove devices.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The device's name, such as sbc-1.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Example: --yes")]


@command(
    app,
    "add",
    "devices add sbc-1 --address https://10.8.5.71",
    "# A Routing Manager, which gathers the users of many SBCs",
    "devices add arm-1 --source arm --address https://arm.example",
)
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits, hyphens, such as sbc-1.")],
    *,
    address: Annotated[str, typer.Option(help="Where it listens, HTTPS only. Example: --address https://10.8.5.71")],
    source: Annotated[
        SourceKind,
        typer.Option(help="sbc: an SBC or gateway; arm: a Routing Manager, with the users of its nodes."),
    ] = SourceKind.SBC,
    login: Annotated[
        LoginMethod,
        typer.Option(help="basic: user and password with each request; session: once, for a Routing Manager only."),
    ] = LoginMethod.BASIC,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    ca_file: CaFile = None,
    fingerprint: Fingerprint = None,
    insecure: Insecure = False,
    host: Hosts = None,
    ip_group: IpGroups = None,
    number_rule: Rules = None,
    read_timeout: Annotated[
        int,
        typer.Option(
            metavar="SECONDS", help="Seconds that it may take over its list, 5 to 120. Example: --read-timeout 120"
        ),
    ] = 60,
    disabled: Annotated[
        bool, typer.Option("--disabled", help="Add it, but let schedules pass it by until it is enabled.")
    ] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Add a device; its credentials go to SSM as a SecureString."""
    request = request_of(context, customer, as_json)
    device = Device(
        key=request.device(name),
        source=source,
        address=device_address(address),
        enabled=not disabled,
        tls=tls_settings(ca_file, fingerprint, insecure=insecure),
        number_rules=rules_of(number_rule),
        hosts=hosts_of(host),
        ip_groups=frozenset(ip_group or ()),
        read_timeout_seconds=read_timeout,
        login=login,
    )
    configure = _configure(request)
    configure.check_new(device)
    configure.add(device, ask_credentials(name, username, password_stdin=password_stdin))
    output = request.output
    output.json(device_json(configure.one(device.key)))
    output.show(f"Device {name} is added{' (disabled)' if disabled else ''}.")
    if insecure:
        output.warn(_UNVERIFIED.format(name))
    if not request.as_json:
        output.note(f"Try it with: {request.command('devices', 'test', name)}")


@command(
    app,
    "list",
    "devices list",
    "devices list --customer acme --json",
)
def list_devices(context: typer.Context, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """List a customer's devices and how they fare."""
    request = request_of(context, customer, as_json)
    entries = list(_configure(request).all(request.customer))
    output = request.output
    output.json({"devices": [device_json(entry) for entry in entries]})
    if not entries:
        example = request.command("devices", "add", "sbc-1", "--address", "https://10.8.5.71")
        output.show(f"Customer {request.customer} has no devices yet; add one with:\n  {example}")
        return
    output.show(devices_table(entries, process.clock().now(), output.width))
    for entry in entries:
        if entry.state.cause and entry.state.health not in {Health.OK, Health.NEVER_SYNCED}:
            output.show(f"\n{entry.device.key.name}: {entry.state.cause}")


@command(
    app,
    "show",
    "devices show sbc-1",
)
def show(context: typer.Context, name: Name, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Show how a device is configured and how it fares."""
    request = request_of(context, customer, as_json)
    entry = _configure(request).one(request.device(name))
    request.output.json(device_json(entry))
    request.output.show(device_table(entry, process.clock().now()))


@command(
    app,
    "test",
    "devices test sbc-1",
    "# For whoever puts a wrong assumption right; without credentials",
    "devices test sbc-1 --capture sbc-1.json",
)
def try_device(
    context: typer.Context,
    name: Name,
    *,
    capture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what it answers to a new file, with numbers, names, hosts and addresses replaced and without "
            "credentials. Example: --capture sbc-1.json",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A word that stays in the capture as it is; may be repeated."),
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Ask a device for its users, as a sync would, say what it answers, and change nothing.

    Ends with exit code 1 if the device cannot be asked.
    """
    request = request_of(context, customer, as_json)
    output, warnings, tape = request.output, list[str](), Tape()
    heard = tape if capture else None
    configure = configuration.configure_devices(request.settings, warnings.append, _TEST_BUDGET, heard)
    device = configure.one(request.device(name)).device
    writing = captured(capture, keep or (), device, tape, output) if capture else nullcontext()
    with writing, output.working(f"Asking {device.address} for its users"):
        found = configure.test(device.key)
    output.json(answer_json(device, found, warnings))
    output.show(answer_table(device, found))
    for warning in warnings:
        output.warn(warning)


@command(
    app,
    "edit",
    "devices edit sbc-1 --host acme.example --read-timeout 120",
    "# A new certificate",
    "devices edit sbc-1 --fingerprint 8A:5F:...",
    "# The number +4930123 of a user that registers as 004930123",
    "devices edit sbc-1 --number-rule '00(\\d+)=>+\\1'",
)
def edit(
    context: typer.Context,
    name: Name,
    *,
    address: Annotated[
        str | None, typer.Option(help="Where it listens, HTTPS only. Example: --address https://10.8.5.72")
    ] = None,
    ca_file: CaFile = None,
    fingerprint: Fingerprint = None,
    insecure: Insecure = False,
    system_cas: Annotated[
        bool, typer.Option("--system-cas", help="Verify its certificate against the system's CAs.")
    ] = False,
    host: Hosts = None,
    any_host: Annotated[bool, typer.Option("--any-host", help="Users of all SIP hosts.")] = False,
    ip_group: IpGroups = None,
    any_ip_group: Annotated[bool, typer.Option("--any-ip-group", help="Users of all IP groups.")] = False,
    number_rule: Rules = None,
    no_number_rules: Annotated[
        bool, typer.Option("--no-number-rules", help="A user part that is a number is that number.")
    ] = False,
    login: Annotated[
        LoginMethod | None, typer.Option(help="basic, or session (Routing Managers only). Example: --login session")
    ] = None,
    read_timeout: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS", help="Seconds that it may take over its list, 5 to 120. Example: --read-timeout 120"
        ),
    ] = None,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Change how a device is asked, from its next sync on; what is not said stays as it is.

    Hosts, IP groups and number rules take the place of those that there were. With another address, or --insecure, user
    and password are asked for again: those that are stored go to nobody else.
    """
    request = request_of(context, customer, as_json)
    said = {"read_timeout_seconds": read_timeout, "login": login}
    changes: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if address is not None:
        changes["address"] = device_address(address)
    if ca_file is not None or fingerprint is not None or insecure or system_cas:
        changes["tls"] = tls_settings(ca_file, fingerprint, insecure=insecure, system_cas=system_cas)
    if one_of("--host", host, "--any-host", none=any_host):
        changes["hosts"] = hosts_of(host)
    if one_of("--ip-group", ip_group, "--any-ip-group", none=any_ip_group):
        changes["ip_groups"] = frozenset(ip_group or ())
    if one_of("--number-rule", number_rule, "--no-number-rules", none=no_number_rules):
        changes["number_rules"] = rules_of(number_rule)
    if not changes:
        raise typer.BadParameter("say what is to change, such as --read-timeout 120")
    configure = _configure(request)
    known = configure.one(request.device(name)).device
    asked = leads_elsewhere(known, replace(known, **changes))
    given = ask_credentials(name, username, password_stdin=password_stdin) if asked else None
    entry = configure.change(known.key, lambda device: replace(device, **changes), credentials=given)
    output = request.output
    output.json(device_json(entry))
    output.show(f"Device {name} is configured so from its next sync on.")
    if insecure:
        output.warn(_UNVERIFIED.format(name))
    if not request.as_json:
        output.note(f"Try it with: {request.command('devices', 'test', name)}")


@command(
    app,
    "enable",
    "devices enable sbc-1",
)
def enable(context: typer.Context, name: Name, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Let schedules sync a device; credentials that it refused are tried again."""
    _switch(request_of(context, customer, as_json), name, on=True)


@command(
    app,
    "disable",
    "devices disable sbc-1",
)
def disable(context: typer.Context, name: Name, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Let schedules pass a device by; its numbers stay as they are."""
    _switch(request_of(context, customer, as_json), name, on=False)


@command(
    app,
    "credentials",
    "devices credentials sbc-1",
    "devices credentials sbc-1 -u ann --password-stdin < pw.txt",
)
def credentials(
    context: typer.Context,
    name: Name,
    *,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Replace a device's user and password."""
    request = request_of(context, customer, as_json)
    configure = _configure(request)
    key = configure.one(request.device(name)).device.key
    configure.replace_credentials(key, ask_credentials(name, username, password_stdin=password_stdin))
    request.output.json(device_json(configure.one(key)))
    request.output.show(f"The credentials of {name} are replaced.")


@command(
    app,
    "removals",
    "devices removals sbc-1",
)
def removals(context: typer.Context, name: Name, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Ask the device which of its numbers it no longer shows; they are listed, and nothing is changed.

    If too many would go at once, or within 24 hours, syncs hold them back until a person approves exactly that set.
    """
    request = request_of(context, customer, as_json)
    service = wiring.review_removals(request.settings, request.output.warn, _TEST_BUDGET)
    with request.output.working(f"Asking {name}"):
        review = service(request.device(name))
    request.output.json(
        {
            "customer": request.customer,
            "device": name,
            "gone": review.gone,
            "checksum": review.checksum,
            "complete": not review.incomplete_because,
            "incomplete_because": review.incomplete_because,
            "held": review.held,
            "as_held": review.as_held,
            "approval": review.approval,
        }
    )
    for number in review.gone:
        request.output.show(number)
    if not request.as_json:
        approve = request.command("devices", "approve-removals", name, "--checksum", review.checksum)
        request.output.note(removals_words(name, review, approve))


@command(
    app,
    "approve-removals",
    "devices approve-removals sbc-1 --checksum 5f2b...",
)
def approve_removals(
    context: typer.Context,
    name: Name,
    *,
    checksum: Annotated[
        str, typer.Option(metavar="CHECKSUM", help="Of the set, as `devices show` and `devices removals` name it.")
    ],
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Let the next sync take exactly these numbers from the device, once; void as soon as it misses others."""
    request = request_of(context, customer, as_json)
    approve = configuration.approve_removals(request.settings)
    held, approval = approve(request.device(name), checksum, f"operator:{getpass.getuser()}")
    request.output.json({"customer": request.customer, "device": name, "held": held, "approval": approval})
    numbers = "1 number" if held.count == 1 else f"{held.count} numbers"
    request.output.show(f"Approved: the next sync takes {numbers} from {name}, if it still misses exactly these.")


@command(
    app,
    "remove",
    "devices remove sbc-1",
    "# In a script, where nobody can be asked",
    "devices remove sbc-1 --yes",
)
def remove(
    context: typer.Context,
    name: Name,
    *,
    yes: Yes = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Remove a device and its credentials; the numbers that only it holds start to cool."""
    request = request_of(context, customer, as_json)
    entry = _configure(request).one(request.device(name))
    if not yes and not _confirmed(request, entry.device.key):
        raise typer.TyperException(f"device {name} is not removed")
    with request.output.working(f"Removing {name}"):
        report = configuration.remove_device(request.settings, _REMOVE_BUDGET)(entry.device.key)
    outcomes = {str(outcome): count for outcome, count in sorted(report.outcomes.items())}
    request.output.json({"device": name, "removed": True, "outcomes": outcomes})
    words = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items())
    request.output.show(f"Device {name} is removed. Its numbers: {words or 'none'}.")


def _configure(request: Request) -> ConfigureDevices:
    return configuration.configure_devices(request.settings, request.output.warn, _TEST_BUDGET)


def _switch(request: Request, name: str, *, on: bool) -> None:
    entry = _configure(request).set_enabled(request.device(name), enabled=on)
    request.output.json(device_json(entry))
    after = "schedules sync it" if on else "schedules pass it by, and its numbers stay as they are"
    request.output.show(f"Device {name} is {'enabled' if on else 'disabled'}: {after}.")


def _confirmed(request: Request, key: DeviceKey) -> bool:
    fate = removal_fate(configuration.remove_device(request.settings, _REMOVE_BUDGET).preview(key))
    if not sys.stdin.isatty():
        raise typer.TyperException(f"device {key.name} is not removed: nobody can confirm it here ({fate}); add --yes")
    return confirmed(f"Remove device {key.name}? {fate[0].upper()}{fate[1:]}.")
