// The command line as people use it: what it accepts, what it refuses and how it says so. Runs the program itself.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "fuzz/tests/catch.hpp"
#include "fuzz/tests/command_line.hpp"
#include "fuzz/tests/folder.hpp"

namespace {

namespace fs = std::filesystem;
using edgecase::Answer;
using edgecase::ask;
using edgecase::Folder;
using edgecase::has;

const std::string k_good = "edgecase 1\n# why\nopen a unix\nadd a read et\npeer a send 5\nprocess 0ms\n";

} // namespace

TEST_CASE("edgecase: a scenario that passes exits 0 and says so") {
    const Folder folder;
    const Answer answer = ask("replay -v " + folder.write("good.scn", k_good));
    CHECK(answer.exit_code == 0);
    CHECK(has(answer.text, "pass: "));
    CHECK(has(answer.text, "1 scenarios: 1 pass, 0 findings"));
}

TEST_CASE("edgecase: every malformed file is refused with its place and exit 2") {
    const Folder folder;
    struct Bad {
        std::string name;
        std::string bytes;
        std::string says;
    };
    const std::vector<Bad> bad = {
        {"empty.scn", "", "empty.scn:1:1: error: "},
        {"binary.scn", std::string("edgecase 1\n\0\x01\x02", 13), "binary.scn:2:1: error: "},
        {"typo.scn", "edgecase 1\nopn a unix\n", "typo.scn:2:1: error: "},
        {"version.scn", "edgecase 2\n", "version.scn:1:"},
        {"headless.scn", "open a unix\n", "headless.scn:1:1: error: "},
        {"number.scn", "edgecase 1\npeer a send many\n", "number.scn:2:13: error: "},
        {"notes.txt", "just some notes\n", "notes.txt:1:1: error: "},
    };
    for (const Bad& one : bad) {
        INFO(one.name);
        const std::string file = folder.write(one.name, one.bytes);
        for (const char* verb : {"replay ", "trace ", "fmt ", "encode "}) {
            const Answer answer = ask(verb + file);
            INFO(verb << answer.text);
            CHECK(answer.exit_code == 2);
            CHECK(has(answer.text, one.says));
        }
    }
    const Answer caret = ask("replay " + folder.path("typo.scn"));
    CHECK(has(caret.text, "opn a unix\n"));
    CHECK(has(caret.text, "^~~"));
    CHECK(has(caret.text, "did you mean"));
}

TEST_CASE("edgecase: a configuration is accepted with its options, or refused with place and reason",
          "[accepted-config-can-wait]") {
    const Folder folder;
    const std::string good = folder.write("good.conf", "events { epoll_events 7; multi_accept on; }\n");
    const Answer accepted = ask("check-config " + good);
    CHECK(accepted.exit_code == 0);
    CHECK(has(accepted.text, "good.conf: accepted: worker_connections 512; multi_accept on;"));
    CHECK(has(accepted.text, "epoll_events 7;"));
    struct Bad {
        std::string bytes;
        std::string says;
    };
    const std::vector<Bad> bad = {
        {"", "bad.conf: refused: no \"events\" section in configuration"},
        {"events {\n epoll_events 0;\n}",
         "value must be between 1 and 1048576 in " + folder.path("bad.conf") + ":2"},
        {"events {\n\n", "unexpected end of file, expecting \"}\" in " + folder.path("bad.conf") + ":3"},
        {std::string("events { a\0b 1; }", 17), "unknown directive"},
    };
    for (const Bad& one : bad) {
        const std::string file = folder.write("bad.conf", one.bytes);
        // What comes behind it is looked at all the same.
        const Answer answer = ask(fmt::format("check-config {} {}", file, good));
        INFO(answer.text);
        CHECK(answer.exit_code == 2);
        CHECK(has(answer.text, one.says));
        CHECK(has(answer.text, "good.conf: accepted:"));
    }
    const Answer missing = ask("check-config " + folder.path("none.conf"));
    CHECK(missing.exit_code == 2);
    CHECK(has(missing.text, "none.conf: cannot be opened"));
}

TEST_CASE("edgecase: the words of the language are a dictionary for an engine") {
    const Answer words = ask("list words");
    CHECK(words.exit_code == 0);
    std::istringstream lines(words.text);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        REQUIRE(line.size() > 2);
        CHECK((line.front() == '"' && line.back() == '"'));
        CHECK(line.substr(1, line.size() - 2).find_first_of("\"\\") == std::string::npos);
    }
    for (const char* word : {"\"epoll_ctl\"\n", "\"RDHUP\"\n", "\"notify_rewind_after\"\n", "\"unix\"\n"}) {
        CHECK(has(words.text, word));
    }
}

TEST_CASE("edgecase: a file that is too large is refused by its size") {
    const Folder folder;
    const std::string file = folder.write("large.scn", "edgecase 1\n" + std::string((16U << 20) + 1, '#'));
    const Answer answer = ask("replay " + file);
    CHECK(answer.exit_code == 2);
    CHECK(has(answer.text, "larger than"));
}

TEST_CASE("edgecase: missing files, empty folders, unknown verbs and flags exit 2") {
    const Folder folder;
    CHECK(ask("replay " + folder.path("none.scn")).exit_code == 2);
    CHECK(has(ask("replay " + folder.path("none.scn")).text, "no such file or folder"));
    CHECK(ask("replay " + folder.path()).exit_code == 2);
    CHECK(has(ask("replay " + folder.path()).text, "no scenario in this folder"));
    for (const char* arguments : {"", "rerun x", "replay", "replay --fast x", "list", "list everything",
                                  "trace", "bench --seconds never"}) {
        INFO(arguments);
        const Answer answer = ask(arguments);
        CHECK(answer.exit_code == 2);
        CHECK_FALSE(answer.text.empty());
    }
    CHECK(has(ask("rpelay x").text, "no verb `rpelay`; did you mean `replay`?"));
    CHECK(has(ask("ponder x").text,
              "no verb `ponder`; there are: replay shrink sweep sim explore corpus fmt trace"));
    CHECK(ask("--help").exit_code == 0);
    CHECK(ask("--version").exit_code == 0);
    CHECK(has(ask("--version").text, "edgecase "));
}

TEST_CASE("edgecase: one bad file among good ones is named, and the good ones are run all the same") {
    const Folder folder;
    folder.write("a.scn", k_good);
    folder.write("b.scn", "edgecase 1\nnonsense\n");
    folder.write("c.scn", k_good);
    const Answer answer = ask("replay " + folder.path());
    CHECK(answer.exit_code == 2);
    CHECK(has(answer.text, "b.scn:2:1: error: "));
    CHECK(has(answer.text, "3 scenarios: 2 pass, 0 findings, 0 out of budget, 1 unusable"));
}

TEST_CASE("edgecase: only a finding can be shrunk") {
    const Folder folder;
    const Answer answer =
        ask("shrink " + folder.write("good.scn", k_good) + " --out " + folder.path("out.scn"));
    CHECK(answer.exit_code == 2);
    CHECK(has(answer.text, "good.scn: is no finding, and only findings can be shrunk"));
    CHECK_FALSE(fs::exists(folder.path("out.scn")));
    CHECK(ask("shrink " + folder.path("none.scn")).exit_code == 2);
}

TEST_CASE("edgecase: sim prints its plan first, its page last, and the same for the same seed") {
    const Folder folder;
    const std::string json = folder.path("report.json");
    const Answer answer = ask("sim --seeds 3-4 --steps 60 --json " + json);
    CHECK(answer.exit_code == 0);
    CHECK(answer.text.starts_with("seed 3: up to 60 steps, mostly of "));
    CHECK(has(answer.text, "\nseed 4: up to 60 steps, mostly of "));
    CHECK(has(answer.text, "\n2 runs, "));
    CHECK(has(answer.text, "\nsometimes points: "));
    CHECK(fs::exists(json));
    const Answer again = ask("sim --seeds 3-4 --steps 60");
    CHECK(again.text.substr(again.text.find("invariant ")) ==
          answer.text.substr(answer.text.find("invariant ")));
    const Answer bad = ask("sim --seeds 9-3");
    CHECK(bad.exit_code == 2);
    CHECK(has(bad.text, "--seeds: `9-3` names no seeds: expected a number, A-B"));
    CHECK(ask("sim").exit_code == 2);
    CHECK(ask("sim --seeds 1 --steps 0").exit_code == 2);
}

TEST_CASE("edgecase: corpus min keeps what is needed, overwrites nothing, and refuses what it cannot read") {
    const Folder folder;
    fs::create_directory(folder.path("in"));
    folder.write("in/a.scn", k_good);
    folder.write("in/b.scn", k_good + "process 0ms\n");
    folder.write("in/c.scn", k_good);
    const Answer answer = ask("corpus min " + folder.path("in") + " --out " + folder.path("out"));
    CHECK(answer.exit_code == 0);
    CHECK(has(answer.text, "1 of 3 scenarios reach what all of them do"));
    const Answer again = ask("corpus min " + folder.path("in") + " --out " + folder.path("out"));
    CHECK(again.exit_code == 2);
    CHECK(has(again.text, "File exists"));
    folder.write("in/d.scn", "edgecase 1\nnonsense\n");
    CHECK(has(ask("corpus min " + folder.path("in") + " --out " + folder.path("other")).text,
              "d.scn:2:1: error: "));
    CHECK_FALSE(fs::exists(folder.path("other")));
    CHECK(ask("corpus").exit_code == 2);
    CHECK(ask("corpus min " + folder.path("in")).exit_code == 2);
}

TEST_CASE("edgecase: bytes of an engine are replayed whatever they are") {
    const Folder folder;
    const std::string file = folder.write("crash-0123", std::string("\x00\x10\x7f\xff\x80", 5));
    CHECK(ask("replay " + file).exit_code == 0);
    CHECK(ask("replay " + folder.write("crash-empty", "")).exit_code == 0);
    const Answer text = ask("decode " + file);
    CHECK(text.exit_code == 0);
    CHECK(text.text.substr(0, 11) == "edgecase 1\n");
}

TEST_CASE("edgecase: encode and decode are each other's reverse, and overwrite nothing") {
    const Folder folder;
    const std::string file = folder.write("good.scn", k_good);
    const std::string bytes = folder.path("crash-of-good");
    CHECK(ask("encode " + file + " > " + bytes).exit_code == 0);
    const Answer decoded = ask("decode " + bytes);
    CHECK(decoded.text == "edgecase 1\nopen a unix\nadd a read et\npeer a send 5\nprocess 0ms\n");
    CHECK(ask("encode " + file + " --out " + folder.path("out")).exit_code == 0);
    const Answer again = ask("encode " + file + " --out " + folder.path("out"));
    CHECK(again.exit_code == 2);
    CHECK(has(again.text, "File exists"));
}

TEST_CASE("edgecase: fmt prints the normal form, checks it, and rewrites in place") {
    const Folder folder;
    const std::string file = folder.write("loose.scn", "edgecase 1\n#why\n\n  open   a  unix   # here\n");
    CHECK(ask("fmt --check " + file).exit_code == 1);
    CHECK(has(ask("fmt " + file).text, "open a unix"));
    CHECK(ask("fmt --in-place " + file).exit_code == 0);
    CHECK(ask("fmt --check " + file).exit_code == 0);
    CHECK(ask("replay " + file).exit_code == 0);
}

TEST_CASE("edgecase: a full disk is an error, not a short answer") {
    const Folder folder;
    const std::string file = folder.write("good.scn", k_good);
    CHECK(ask("trace " + file + " > /dev/full").exit_code == 2);
    CHECK(ask("decode " + file + " > /dev/full").exit_code == 2);
}

TEST_CASE("edgecase: the lists name what there is") {
    CHECK(has(ask("list invariants").text, "stale-event-dropped"));
    CHECK(has(ask("list faults").text, "fail CALL N ERRNO"));
    CHECK(has(ask("list targets").text, "module_fuzz"));
    const Answer canaries = ask("canaries");
    CHECK(canaries.exit_code == 0);
    CHECK_FALSE(has(canaries.text, "SILENT"));
}

TEST_CASE("edgecase: import prints a scenario with a report in its comments, or writes a file and reports") {
    const Folder folder;
    const std::string capture = EDGECASE_SOURCE_DIR "/corpus/captures/gets.strace";
    const Answer printed = ask("import --strict " + capture);
    CHECK(printed.exit_code == 0);
    CHECK(printed.text.starts_with("edgecase 1\n"));
    CHECK(has(printed.text, "\n# 8 of 9 epoll_ctl calls agree\n# 16 of 17 epoll_wait results agree\n"));
    CHECK(has(printed.text, "gets.strace:12: not compared: "));
    CHECK(ask("replay " + folder.write("printed.scn", printed.text)).exit_code == 0);

    const std::string made = folder.path("made.scn");
    const Answer written = ask("import " + capture + " -o " + made);
    CHECK(written.exit_code == 0);
    CHECK(written.text.starts_with("8 of 9 epoll_ctl calls agree\n"));
    CHECK(ask("fmt --check " + made).exit_code == 0);
    CHECK(ask("import " + capture + " -o " + made).exit_code == 2); // it is there already
}

TEST_CASE(
    "edgecase: import exits 1 with --strict where something differs, and 2 where the capture is malformed") {
    const Folder folder;
    const std::string start =
        "7 1.0 listen(4, 511) = 0\n7 1.1 epoll_create(9) = 5\n"
        "7 1.2 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN, data={u32=2, u64=2}}) = 0\n";
    const std::string other = folder.write("other.strace", start + "7 1.3 epoll_wait(5, [], 9, -1) = 0\n");
    CHECK(ask("import " + other).exit_code == 0);
    const Answer strict = ask("import --strict " + other);
    CHECK(strict.exit_code == 1);
    CHECK(has(strict.text, "other.strace:3: differs: epoll_ctl(ADD, a, IN #0)"));

    const Answer malformed =
        ask("import " + folder.write("bad.strace", start + "7 1.3 epoll_wait(5, [{events=EPOLIN"));
    CHECK(malformed.exit_code == 2);
    CHECK(has(malformed.text, "bad.strace:4:22: error: expected `}`: this bracket is not closed\n"));
    CHECK(has(malformed.text, "\n  " + std::string(21, ' ') + "^\n"));
    CHECK(ask("import " + folder.path("none.strace")).exit_code == 2);
    CHECK(ask("import " + folder.write("empty.strace", "")).exit_code == 2);
}
