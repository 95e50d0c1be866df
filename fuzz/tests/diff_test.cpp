// `edgecase diff` on the command line. Needs the real kernel.
#include <string>

#include "fuzz/tests/catch.hpp"
#include "fuzz/tests/command_line.hpp"

using edgecase::Answer;
using edgecase::ask;
using edgecase::has;

TEST_CASE("edgecase: diff counts what it compared, and the same seed is the same programs") {
    const Answer answer = ask("diff --programs 40 --seed 7");
    CHECK(answer.exit_code == 0);
    CHECK(has(answer.text, ": 40 programs, "));
    CHECK(has(answer.text, " 0 differences, "));
    const auto calls = [](const std::string& text) {
        const std::size_t end = text.find(" calls, ");
        return text.substr(text.rfind(' ', end - 1), end - text.rfind(' ', end - 1));
    };
    CHECK(calls(ask("diff --programs 40 --seed 7").text) == calls(answer.text));
    CHECK(calls(ask("diff --programs 40 --seed 8").text) != calls(answer.text));
    CHECK(has(ask("diff --seconds 0.3").text, " programs, "));
    for (const std::string arguments :
         {"diff --programs 0", "diff --programs many", "diff --seconds 1 --programs 1", "diff --seed -1",
          "diff --seconds 0", "diff file"}) {
        INFO(arguments);
        CHECK(ask(arguments).exit_code == 2);
    }
}
