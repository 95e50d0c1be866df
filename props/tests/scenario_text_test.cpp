#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "props/generate.hpp"
#include "props/scenario_language.hpp"
#include "props/scenario_text.hpp"
#include "props/scenario_valid.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

ScenarioText parsed(const std::string& lines) {
    ParseResult result = parse_scenario("edgecase 1\n" + lines, "test.scn");
    INFO((result ? "" : format_error(result.error())));
    REQUIRE(result.ok());
    return result.text();
}

Step only_step(const std::string& line) {
    const Scenario scenario = parsed(line).scenario;
    REQUIRE(scenario.steps.size() == 1);
    return scenario.steps.front();
}

ParseError refused(const std::string& text) {
    const ParseResult result = parse_scenario(text, "test.scn");
    INFO(text.substr(0, 200));
    REQUIRE_FALSE(result.ok());
    return result.error();
}

ParseError refused_line(const std::string& line) {
    return refused("edgecase 1\n" + line + "\n");
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string format_document() {
    std::ifstream file(EDGECASE_SOURCE_DIR "/corpus/FORMAT.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// A place where the example may stand, as a line.
std::string line_with(const Shape& shape) {
    const std::string example(shape.example);
    return (shape.places & k_in_wait) != 0 ? "wait gives " + example : example;
}

} // namespace

TEST_CASE("language: every example of the table is written as the printer writes it") {
    for (const Shape& shape : step_shapes()) {
        const std::string line = line_with(shape);
        CAPTURE(line);
        const ScenarioText text = parsed(line + "\n");
        const StepKind kind = text.scenario.steps.at((shape.places & k_in_wait) != 0 ? 1 : 0).kind;
        CHECK(kind == shape.kind);
        CHECK(print_scenario(text) == "edgecase 1\n" + line + "\n");
        CHECK(step_text(text.scenario.steps) == line);
        CHECK_FALSE(scenario_fault(text.scenario).has_value());
    }
}

TEST_CASE("language: a step stands where the table lets it, and nowhere else") {
    for (const Shape& shape : step_shapes()) {
        const std::string example(shape.example);
        CAPTURE(example);
        const auto parses = [](const std::string& line) {
            return parse_scenario("edgecase 1\n" + line, "").ok();
        };
        CHECK(parses(example) == ((shape.places & k_at_top) != 0));
        CHECK(parses("on a.read: " + example) == may_stand_in_reaction(shape.kind));
        CHECK(parses("on notify 1: fork; " + example) == may_stand_in_reaction(shape.kind));
        CHECK(parses("before recv 1: " + example) == may_stand_at_place(shape.kind));
        CHECK(parses("during epoll_wait 1: " + example) == may_stand_at_place(shape.kind));
        CHECK(parses("wait gives " + example) == ((shape.places & k_in_wait) != 0));
        if ((shape.places & k_in_reaction) == 0 && (shape.places & k_at_top) != 0)
            CHECK(has(refused_line("on a.read: " + example).message, "may not stand in a reaction"));
    }
    CHECK(has(refused_line("on a.read: wait gives a IN").message, "`wait` may not stand in a reaction"));
}

TEST_CASE("language: families stand where they should") {
    for (const Shape& shape : step_shapes()) {
        if (may_stand_at_place(shape.kind)) CHECK(shape.family == Family::world);
        CHECK((shape.family == Family::world) == is_world_step(shape.kind));
        CHECK((shape.family == Family::script) == is_script_step(shape.kind));
        CHECK((shape.family == Family::module) == is_module_step(shape.kind));
        CHECK((shape.family == Family::server) == is_server_step(shape.kind));
        CHECK_FALSE(shape.meaning.empty());
    }
    // What the subject's own process does cannot happen while it is in a call.
    for (StepKind kind : {StepKind::open, StepKind::connect, StepKind::dup, StepKind::undup, StepKind::fork})
        CHECK_FALSE(may_stand_at_place(kind));
    CHECK(may_stand_at_place(StepKind::peer_reset));
    CHECK(may_stand_in_reaction(StepKind::close_shared));
    CHECK_FALSE(may_stand_in_reaction(StepKind::process));
    CHECK_FALSE(may_stand_in_reaction(StepKind::run));
    CHECK_FALSE(may_stand_in_reaction(StepKind::init));
    CHECK(may_stand_at_place(StepKind::client));
    CHECK(may_stand_in_reaction(StepKind::listen));
    CHECK_FALSE(may_stand_in_reaction(StepKind::turn));
    CHECK_FALSE(may_stand_in_reaction(StepKind::run_idle));
}

TEST_CASE("language: likely errors are errors, and defaults are within their bounds") {
    for (unsigned call = 0; call < fake::k_calls; ++call)
        for (std::string_view error : likely_errors(static_cast<fake::Call>(call)))
            CHECK(fake::errno_value(error) > 0);
    for (const ConfigLine& line : config_lines()) {
        if (line.number == nullptr) continue;
        CHECK(line.number->holds(Config{}.*line.value));
        CHECK(line.number->frequent.front() == Config{}.*line.value);
    }
    for (const Shape& shape : step_shapes())
        for (const Element& element : shape.pattern)
            if (element.number != nullptr)
                for (std::uint64_t value : element.number->frequent)
                    CHECK(element.number->holds(value));
}

TEST_CASE("language: names go from a to v9 and back") {
    CHECK(name_text(0) == "a");
    CHECK(name_text(25) == "z");
    CHECK(name_text(26) == "a1");
    CHECK(name_text(255) == "v9");
    for (unsigned name = 0; name < k_max_names; ++name)
        CHECK(name_value(name_text(static_cast<Name>(name))) == static_cast<Name>(name));
    for (const char* wrong : {"", "A", "a0", "w9", "aa", "a10", "1", "a1x"})
        CHECK_FALSE(name_value(wrong).has_value());
}

TEST_CASE("format document: mentions every line of the language as the table has it") {
    const std::string document = format_document();
    REQUIRE_FALSE(document.empty());
    for (const Shape& shape : step_shapes()) {
        const std::string row = "- `" + pattern_text(shape) + "`: " + std::string(shape.meaning);
        INFO("corpus/FORMAT.md should have this line:\n" << row);
        CHECK(has(document, row));
        CHECK(has(document, "`" + std::string(shape.example) + "`"));
    }
    for (const ConfigLine& line : config_lines()) {
        std::string row = "- `" + pattern_text(line) + "`: " + std::string(line.meaning);
        if (line.number != nullptr)
            row += " (" + std::to_string(line.number->min) + " to " + std::to_string(line.number->max) +
                   ", default " + std::to_string(Config{}.*line.value) + ")";
        INFO("corpus/FORMAT.md should have this line:\n" << row);
        CHECK(has(document, row));
    }
    for (const MaskWord& word : mask_words())
        CHECK(has(document, "`" + std::string(word.word) + "`"));
    for (unsigned call = 0; call < fake::k_calls; ++call)
        CHECK(has(document, "`" + std::string(fake::call_name(static_cast<fake::Call>(call))) + "`"));
}

TEST_CASE("format document: its examples parse") {
    const std::string document = format_document();
    const std::string fence = "\n```\n";
    unsigned examples = 0;
    for (std::size_t at = document.find(fence + "edgecase"); at != std::string::npos;
         at = document.find(fence + "edgecase", at)) {
        const std::size_t begin = at + fence.size();
        const std::size_t end = document.find(fence, begin);
        REQUIRE(end != std::string::npos);
        const ParseResult result = parse_scenario(document.substr(begin, end - begin + 1), "FORMAT.md");
        INFO((result ? "" : format_error(result.error())));
        CHECK(result.ok());
        ++examples;
        at = end + 1;
    }
    CHECK(examples >= 3);
}

TEST_CASE("text form: fields go where they belong") {
    Step step = only_step("peer c1 send 5\n");
    CHECK(step.kind == StepKind::peer_send);
    CHECK(step.name == 28);
    CHECK(step.value == 5);

    CHECK(only_step("peer a recv all\n").value == 0);
    CHECK(only_step("read a all\n").value == 0);
    CHECK(only_step("write a 0\n").value == 0);
    CHECK(only_step("process infinite post\n").value == k_infinite);
    CHECK(only_step("process infinite post\n").flags == k_flag_post);
    CHECK(only_step("process 0ms post update\n").flags == (k_flag_post | k_flag_update));

    step = only_step("del a write flush close\n");
    CHECK(step.choice == static_cast<std::uint8_t>(Side::write));
    CHECK(step.flags == (k_flag_close | k_flag_flush));

    step = only_step("fail recv 2 ECONNRESET times 3\n");
    CHECK(step.call == fake::Call::recv);
    CHECK(step.count == 2);
    CHECK(step.error == 104);
    CHECK(step.value == 3);
    CHECK(only_step("fail recv 2 ECONNRESET\n").value == 1);
    CHECK(only_step("fail allocate 1 ENOMEM always\n").value == 0);

    CHECK(only_step("wait order reverse\n").choice == static_cast<std::uint8_t>(ReadyOrder::reverse));
    CHECK(only_step("wait order shuffle 7\n").value == 7);
    CHECK(only_step("close a\n").kind == StepKind::close);
    CHECK(only_step("close a shared\n").kind == StepKind::close_shared);
    CHECK(only_step("timer b.write 300ms\n").choice == static_cast<std::uint8_t>(Half::write));

    step = only_step("client c to b\n");
    CHECK(step.name == 2);
    CHECK(step.value == 1);
    CHECK(only_step("listen a reuseport\n").flags == k_flag_reuseport);
    CHECK(only_step("run idle\n").kind == StepKind::run_idle);
    CHECK(only_step("mutex free\n").choice == static_cast<std::uint8_t>(MutexTurn::free));
    CHECK(has(refused_line("client c to B").message, "a connection's name"));
    CHECK(only_step("on a.read: nothing\n").nested == 0);
    CHECK(only_step("wait gives nothing\n").nested == 0);
}

TEST_CASE("text form: entries of a scripted wait") {
    const Scenario scenario =
        parsed("wait gives a IN|OUT, b~1 0, notify IN, data 0xdeadbeef IN|0x4000, data 7 0x80000000\n")
            .scenario;
    REQUIRE(scenario.steps.size() == 6);
    CHECK(scenario.steps[0].nested == 5);
    CHECK(scenario.steps[1].mask == 5);
    CHECK(scenario.steps[2].name == 1);
    CHECK(scenario.steps[2].back == 1);
    CHECK(scenario.steps[2].mask == 0);
    CHECK(scenario.steps[3].choice == static_cast<std::uint8_t>(WaitEntry::notify));
    CHECK(scenario.steps[4].value == 0xdeadbeef);
    CHECK(scenario.steps[4].mask == 0x4001);
    CHECK(scenario.steps[5].mask == 0x80000000);
    CHECK(print_scenario(scenario) ==
          "edgecase 1\nwait gives a IN|OUT, b~1 0, notify IN, data 0xdeadbeef IN|0x4000, data 0x7 ET\n");
}

TEST_CASE("text form: configuration") {
    const Scenario scenario = parsed("config epoll_events 8\n"
                                     "config first_generation 4294967294\n"
                                     "config budget 10000\n"
                                     "config without eventfd\n"
                                     "config without clear_event\n")
                                  .scenario;
    CHECK(scenario.config.epoll_events == 8);
    CHECK(scenario.config.first_generation == 4294967294);
    CHECK_FALSE(scenario.config.eventfd);
    CHECK_FALSE(scenario.config.clear_event);
    CHECK(scenario.config.file_aio);
    // A default is not printed.
    CHECK(print_scenario(scenario) ==
          "edgecase 1\nconfig epoll_events 8\nconfig first_generation 4294967294\n"
          "config without eventfd\nconfig without clear_event\n");
    CHECK(has(refused_line("config budget 5\nconfig budget 6").message, "twice"));
    CHECK(has(refused_line("fork\nconfig budget 6").message, "before the first step"));
    CHECK(has(refused_line("config epoll_event 6").message, "did you mean `epoll_events`?"));
    CHECK(has(refused_line("config worker_connections 1").message, "from 2 to 256"));
    CHECK(has(refused_line("config without evntfd").message, "did you mean `eventfd`?"));
}

TEST_CASE("text form: spaces, blank lines and carriage returns mean nothing; comments are kept") {
    const std::string text = "\xef\xbb\xbf"
                             "edgecase 1  # version\r\n"
                             "\r\n"
                             "#why \xc3\xa4\r\n"
                             "config budget 500 # short\n"
                             "#\n"
                             "\t open  a   unix\r\n"
                             "on a . read :read a all ;close a#no space\n"
                             "\n\n"
                             "  # before the fork\n"
                             "fork\n"
                             "# the end";
    const ParseResult result = parse_scenario(text, "test.scn");
    INFO((result ? "" : format_error(result.error())));
    REQUIRE(result.ok());
    const std::string printed = "edgecase 1\n"
                                "# version\n"
                                "# why \xc3\xa4\n"
                                "# short\n"
                                "#\n"
                                "config budget 500\n"
                                "open a unix\n"
                                "on a.read: read a all; close a  # no space\n"
                                "# before the fork\n"
                                "fork\n"
                                "# the end\n";
    CHECK(print_scenario(result.text()) == printed);
    CHECK(result.text().lines == std::vector<std::uint32_t>{6, 7, 7, 7, 11});
    const ParseResult again = parse_scenario(printed, "test.scn");
    REQUIRE(again.ok());
    CHECK(print_scenario(again.text()) == printed);
    CHECK(again.text().comments == result.text().comments);
}

TEST_CASE("text form: comments that a program made have any text and any place") {
    ScenarioText text = parsed("open a unix\non a.read: close a; fork\nfork\n");
    text.comments = {{0, false, "two\nlines"}, {2, true, "on a\nnested step"}, {77, false, "beyond"}};
    const std::string printed = print_scenario(text);
    CHECK(printed ==
          "edgecase 1\n# two\n# lines\nopen a unix\non a.read: close a; fork  # on a nested step\nfork\n"
          "# beyond\n");
    CHECK(parse_scenario(printed, "").text().scenario == text.scenario);
}

TEST_CASE("text form: an error says where it is, what was expected and what is near") {
    const ParseError error = refused("edgecase 1\nopen a unix\n\tfail recv 2 ECONRESET  # why\n");
    CHECK(error.file == "test.scn");
    CHECK(error.line == 3);
    CHECK(error.column == 14);
    CHECK(format_error(error) ==
          "test.scn:3:14: error: expected an errno by name, such as `ECONNRESET`, not `ECONRESET`; "
          "did you mean `ECONNRESET`?\n"
          "  \tfail recv 2 ECONRESET  # why\n"
          "  \t            ^~~~~~~~~\n");

    struct Case {
        const char* line;
        unsigned column;
        const char* part;
    };
    const Case cases[] = {
        {"opne a unix", 1, "did you mean `open`?"},
        {"open A unix", 6, "a connection's name"},
        {"open a unx", 8, "did you mean `unix`?"},
        {"peer a snd 5", 8, "did you mean `send`?"},
        {"peer a recv 0", 13, "a number from 1 to 1048576 or `all`, not `0`"},
        {"peer a send 1048577", 13, "a number from 0 to 1048576, not"},
        {"peer a send 99999999999999999999999", 13, "a number from 0 to 1048576, not"},
        {"peer a send -5", 13, "not `-5`"},
        {"fail bind 1 EMFILE", 6, "a system call such as `recv`, not `bind`"},
        {"fail recv 0 EIO", 11, "from 1 to 255"},
        {"fail recv 256 EIO", 11, "from 1 to 255"},
        {"fail recv 1 EIO times", 22, "but the line ends here"},
        {"fail recv 1 EIO times always", 23, "from 1 to 255, not"},
        {"short epoll_wait 1 3", 7, "`sendmsg` or `pread`"},
        {"during recv 1: alarm", 8, "expected `epoll_wait`, not `recv`"},
        {"before allocate 1: alarm", 8, "not `allocate`"},
        {"before recv 2: process 0ms", 16, "`process` may not stand behind `before`"},
        {"on a.read: read a all; process 5ms", 24, "`process` may not stand in a reaction"},
        {"on a.read: on b.read: on c.read: fork", 12, "`on` may not stand in a reaction"},
        {"on a.read:", 11, "but the line ends here"},
        {"on a.read", 10, "expected `:`"},
        {"wait gives a IN|OTU", 17, "did you mean `OUT`?"},
        {"wait gives a 4", 14, "epoll bits"},
        {"wait gives a 0x100000000", 14, "epoll bits"},
        {"wait gives c~256 IN", 14, "from 0 to 255"},
        {"wait order shuffle", 19, "but the line ends here"},
        {"add a connection et", 18, "the end of the line"},
        {"add a read et et", 15, "the end of the line"},
        {"del a connection disable", 18, "`close` or the end of the line"},
        {"time 5s", 6, "a time from 0ms to 4294967295ms"},
        {"time 4294967296ms", 6, "a time from"},
        {"time infinite", 6, "a time from"},
        {"process", 8, "or `infinite`, but the line ends here"},
        {"close a sharde", 9, "did you mean `shared`?"},
        {"run post", 5, "did you mean `posted`?"},
        {"notify 10", 8, "from 1 to 9"},
        {"notify 0", 8, "from 1 to 9"},
        {"close a; close b", 8, "one step a line"},
        {"edgecase 1", 1, "a step such as"},
        {";", 1, "a step such as"},
    };
    for (const Case& one : cases) {
        const ParseError found = refused_line(one.line);
        INFO(format_error(found));
        CHECK(found.line == 2);
        CHECK(found.column == one.column);
        CHECK(has(found.message, one.part));
    }
}

TEST_CASE("text form: the first line says the version") {
    CHECK(has(refused("").message, "empty"));
    CHECK(has(refused("\n").message, "the first line of a scenario is `edgecase 1`"));
    CHECK(has(refused("open a unix\n").message, "the first line of a scenario is `edgecase 1`"));
    CHECK(has(refused("# why\nedgecase 1\n").message, "the first line of a scenario is `edgecase 1`"));
    CHECK(has(refused("edgecase\n").message, "expected a version"));
    CHECK(has(refused("edgecase one\n").message, "expected a version"));
    CHECK(has(refused("edgecase 0\n").message, "expected a version"));
    CHECK(has(refused("edgecase 1 2\n").message, "end of the line"));
    CHECK(has(refused("edgecase 2\n").message, "reads version 2; this one reads version 1"));
    CHECK(has(refused("edgecase 99999999999\n").message, "reads version 99999999999"));
    CHECK(parse_scenario("edgecase 1", "").ok());
}

TEST_CASE("text form: bytes that are no text are refused, and shown printably") {
    ParseError error = refused(std::string("edgecase 1\nopen a\0 unix\n", 24));
    CHECK(error.line == 2);
    CHECK(error.column == 7);
    CHECK(has(error.message, "the byte 0x00"));
    CHECK(error.source == "open a? unix");
    for (const char* bytes : {"\x01", "\x7f", "\r x", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80",
                              "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xff"})
        CHECK(has(refused_line("# " + std::string(bytes) + " x").message, "belongs in no text"));
    for (const char* character : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\x8c"})
        CHECK(parse_scenario("edgecase 1\n# " + std::string(character) + "\n", "").ok());
    // The caret stands below the place, whatever the characters before it take in bytes.
    error = refused_line("\xc3\xa4\xc3\xb6");
    CHECK(error.caret == "^~~~");
    CHECK(has(refused("\x7f"
                      "ELF\x02\x01\x01")
                  .message,
              "belongs in no text"));
}

TEST_CASE("text form: what is too large is refused by its size") {
    const std::string line = "# " + std::string(998, 'x') + "\n";
    std::string text = "edgecase 1\n";
    while (text.size() + line.size() <= k_max_text_bytes)
        text += line;
    CHECK(parse_scenario(text, "").ok());
    text += line;
    CHECK(has(refused(text).message, "bytes; at most 16777216"));

    std::string many = "edgecase 1\nconfig budget 5\n# why\n\n";
    for (unsigned step = 0; step < k_max_steps; ++step)
        many += "fork\n";
    const ParseResult full = parse_scenario(many, "");
    REQUIRE(full.ok());
    CHECK(full.text().scenario.steps.size() == k_max_steps);
    const ParseError error = refused(many + "nonsense\n");
    CHECK(error.line == 1);
    CHECK(has(error.message, "100001 steps; at most 100000"));

    // Nested steps count as well.
    std::string nested = "edgecase 1\n";
    for (unsigned step = 0; step < k_max_steps / 2; ++step)
        nested += "before recv 1: alarm\n";
    CHECK(parse_scenario(nested, "").ok());
    CHECK(has(refused(nested + "fork\n").message, "one step too many"));

    CHECK(has(refused_line("#" + std::string(k_max_line_bytes, 'x')).message, "the line has"));
    std::string long_line = "read a " + std::string(5000, '9');
    const ParseError clipped = refused_line(long_line);
    CHECK(clipped.source.size() <= 160);
    CHECK(clipped.message.size() < 200);
}

TEST_CASE("text form: at most 64 actions and 64 entries") {
    std::string actions = "on a.read: fork";
    std::string entries = "wait gives a IN";
    for (unsigned index = 1; index < 64; ++index) {
        actions += "; fork";
        entries += ", a IN";
    }
    CHECK(parsed(actions).scenario.steps.size() == 65);
    CHECK(parsed(entries).scenario.steps.size() == 65);
    CHECK(has(refused_line(actions + "; fork").message, "more than 64"));
    CHECK(has(refused_line(entries + ", a IN").message, "more than 64"));
}

TEST_CASE("validity: what the types allow and the language does not is found") {
    const Scenario good =
        parsed("open a unix\non a.read: read a all; close a\nbefore recv 1: alarm\n").scenario;
    REQUIRE_FALSE(scenario_fault(good).has_value());
    const auto fault = [&good](auto&& change) {
        Scenario bad = good;
        change(bad);
        return scenario_fault(bad).value_or("");
    };
    CHECK(has(fault([](Scenario& s) { s.config.epoll_events = 0; }), "epoll_events"));
    CHECK(has(fault([](Scenario& s) { s.steps[0].choice = 200; }), "out of bounds"));
    CHECK(has(fault([](Scenario& s) { s.steps[0].value = 1; }), "does not use"));
    CHECK(has(fault([](Scenario& s) { s.steps[0].kind = static_cast<StepKind>(200); }), "no such kind"));
    CHECK(has(fault([](Scenario& s) { s.steps[0].nested = 1; }), "too many"));
    CHECK(has(fault([](Scenario& s) { s.steps[1].nested = 9; }), "too many"));
    CHECK(has(fault([](Scenario& s) {
                  s.steps[2].kind = StepKind::process;
                  s.steps[2].name = 0;
              }),
              "not stand here"));
    CHECK(has(fault([](Scenario& s) { s.steps[2].nested = 1; }), "nested step has nested"));
    CHECK(has(fault([](Scenario& s) { s.steps[4].nested = 0; }), "missing"));
    CHECK(has(fault([](Scenario& s) { s.steps[4].call = fake::Call::allocate; }), "out of bounds"));
    CHECK(has(fault([](Scenario& s) { s.steps[4].count = 0; }), "out of bounds"));
    CHECK(has(fault([](Scenario& s) { s.steps.resize(k_max_steps + 1); }), "more than"));
    Step entry;
    entry.kind = StepKind::wait_entry;
    CHECK(has(fault([&entry](Scenario& s) { s.steps.push_back(entry); }), "not stand here"));
    Step add;
    add.kind = StepKind::add;
    add.choice = static_cast<std::uint8_t>(Side::connection);
    add.flags = k_flag_et;
    CHECK(has(fault([&add](Scenario& s) { s.steps.push_back(add); }), "out of bounds"));
}
