"""The reader of the pages, on pages worked out by hand."""

from tests.docs.shown import Block, blocks, code_in_prose, commands, prose, without_comment

FENCE = "```"


def texts(shell):
    return [(command.line, command.text) for command in commands(Block("page.md", 10, "sh", shell))]


def test_blocks_have_their_page_line_and_language_also_within_a_list():
    text = f"# Title\n\n{FENCE}sh\nmake demo\n{FENCE}\n\n1. one:\n\n   {FENCE}csv\n   a,b\n   {FENCE}\n"
    assert blocks("page.md", text) == [
        Block("page.md", 4, "sh", "make demo\n"),
        Block("page.md", 10, "csv", "a,b\n"),
    ]


def test_lines_are_joined_and_comments_go():
    shell = "# first\ncan-tf train \\\n    --fold 0   # all of it\n\ncan-tf serve &  # at last\n"
    assert texts(shell) == [(11, "can-tf train --fold 0"), (14, "can-tf serve &")]


def test_a_hash_within_quotes_or_a_word_is_no_comment():
    assert without_comment("echo 'a # b' \"c # d\" e#f # g") == "echo 'a # b' \"c # d\" e#f"


def test_a_here_document_belongs_to_its_command():
    assert texts("cat > a <<JSON\n{}  # not a comment\nJSON\ncat a\n") == [
        (10, "cat > a <<JSON\n{}  # not a comment\nJSON"),
        (13, "cat a"),
    ]


def test_variables_and_substitutions_stay_as_they_are():
    assert texts('HOME=/tmp can-tf verify "$(pwd)"\n') == [(10, 'HOME=/tmp can-tf verify "$(pwd)"')]


def test_a_script_is_one_command():
    assert texts("#!/bin/bash\n#SBATCH --nodes=4\nsleep 1 &\nwait\n") == [
        (10, "#!/bin/bash\n#SBATCH --nodes=4\nsleep 1 &\nwait\n")
    ]


def test_prose_is_what_is_left_and_its_code_may_go_over_lines(monkeypatch):
    text = f"Take `can-tf train\n--fold 0`.\n{FENCE}sh\nmake `x`\n{FENCE}\nEnd.\n"
    monkeypatch.setattr("tests.docs.shown.read", lambda page: text)
    assert prose("page.md") == "Take `can-tf train\n--fold 0`.\n\n\n\nEnd.\n"
    assert code_in_prose("page.md") == ["can-tf train --fold 0"]
