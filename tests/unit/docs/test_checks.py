"""What looks at documented commands finds what is wrong with them."""

import pytest

from tests.unit.docs import aws_commands
from tests.unit.docs.aws_commands import WrongCommandError
from tests.unit.docs.shell import UnreadableError, started


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("aws lamda invoke", "no service lamda"),
        ("aws lambda call", "no operation call"),
        ("aws lambda invoke --function-name f --event '{}' out.json", "no option --event"),
        ("aws lambda invoke --function-name f", "takes 1 words"),
        ("aws lambda invoke --payload '{}' out.json", "lacks --function-name"),
        ("aws lambda invoke out.json --function-name", "--function-name lacks its value"),
        ("aws lambda invoke --function-name f --invocation-type Later out.json", "must be one of"),
        ("aws dynamodb list-tables --output csv", "--output cannot be csv"),
        ("aws dynamodb list-tables --limit many", "must be a number"),
        ('aws dynamodb get-item --table-name t --key \'{"number": {"T": "1"}}\'', "--key has no T"),
        ("aws logs tail", "takes 1 words"),
        ("aws logs tail /aws/lambda/f --from 1h", "no option --from"),
    ],
)
def test_a_command_that_the_aws_cli_would_refuse_is_refused(command: str, why: str) -> None:
    [words] = started(command)
    with pytest.raises(WrongCommandError, match=why):
        aws_commands.check(words)


def test_commands_are_found_wherever_bash_finds_them() -> None:
    """GIVEN a script with comments, blanks to fill in, loops, pipes and answers THEN every command of it is there."""
    script = """
    git switch --detach <the tag of the release> && make build   # comment
    for name in $(aws dynamodb list-tables); do
      make "$name" \\
        A='b c'
    done
    make --version | curl "$API/x" > out
    """
    assert started(script, "make other") == [
        ["git", "switch", "--detach", "given"],
        ["make", "build"],
        ["aws", "dynamodb", "list-tables"],
        ["make", "1", "A=b c"],
        ["make", "--version"],
        ["curl", "https://api.example/v1/x"],
        ["make", "other"],
    ]


@pytest.mark.parametrize("script", ["make 'it", "make $nobody", "rm -r x", "for x in y; make; done"])
def test_a_script_that_bash_cannot_follow_is_refused(script: str) -> None:
    """GIVEN an open quote, a variable that is not set, an unknown program, a wrong loop THEN it is told."""
    with pytest.raises(UnreadableError):
        started(script)
