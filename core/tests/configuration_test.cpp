#include "core/configuration.hpp"

#include <string>

#include "core/tests/catch.hpp"

namespace edgecase {
namespace {

std::string refusal(const std::string& text) {
    const Configuration configuration = read_configuration(text, "nginx.conf");
    CHECK_FALSE(configuration.accepted());
    return std::string(configuration.message());
}

Options accepted(const std::string& text) {
    const Configuration configuration = read_configuration(text, "nginx.conf");
    INFO(std::string(configuration.message()));
    CHECK(configuration.accepted());
    return configuration.options();
}

} // namespace

TEST_CASE("configuration: what is not set has nginx's default", "[accepted-config-can-wait]") {
    const Options options = accepted("events { }");
    CHECK(options.worker_connections == 512);
    CHECK(options.epoll_events == 512);
}

TEST_CASE("configuration: numbers are taken over, bounds included", "[accepted-config-can-wait]") {
    CHECK(accepted("events { worker_connections 2; epoll_events 1; }").worker_connections == 2);
    CHECK(accepted("events{worker_connections 16777216;}").worker_connections == 16777216);
    CHECK(accepted("events{epoll_events 1;}").epoll_events == 1);
    CHECK(accepted("events{epoll_events 1048576;}").epoll_events == 1048576);
    CHECK(accepted("events{epoll_events 0000000000000000000000000000007;}").epoll_events == 7);
}

TEST_CASE("configuration: blanks, comments, quotes and escapes are nginx's", "[accepted-config-can-wait]") {
    CHECK(accepted("# head\n\tevents\r\n{#}\nepoll_events # ten;\n 10 ;}#").epoll_events == 10);
    CHECK(accepted("events { \"epoll_events\" '11'; }").epoll_events == 11);
    CHECK(accepted("'events'{ epoll_events \"12\";}").epoll_events == 12);
    CHECK(accepted("events { 'epoll_events'\t13;}").epoll_events == 13);
    // A # or a quote inside a word is part of it, and so is an escaped character.
    CHECK(refusal("events { a#b 1; }") == "unknown directive \"a#b\" in nginx.conf:1");
    CHECK(refusal("events { a\"b 1; }") == "unknown directive \"a\"b\" in nginx.conf:1");
    CHECK(refusal("events { a\\;b 1; }") == "unknown directive \"a\\;b\" in nginx.conf:1");
    CHECK(refusal("events { a\\{b 1; }") == "unknown directive \"a\\{b\" in nginx.conf:1");
    CHECK(refusal("events { a\\ b 1; }") == "unknown directive \"a\\ b\" in nginx.conf:1");
    CHECK(refusal("events { \"a b\" 1; }") == "unknown directive \"a b\" in nginx.conf:1");
    CHECK(refusal("events { \"a\\\"b\" 1; }") == "unknown directive \"a\"b\" in nginx.conf:1");
    CHECK(refusal("events { 'a\\'b' 1; }") == "unknown directive \"a'b\" in nginx.conf:1");
    CHECK(refusal("events { a\\\\b 1; }") == "unknown directive \"a\\b\" in nginx.conf:1");
    CHECK(refusal("events { a\\t\\r\\nb 1; }") == "unknown directive \"a\t\r\nb\" in nginx.conf:1");
    CHECK(refusal("events { a\\qb 1; }") == "unknown directive \"a\\qb\" in nginx.conf:1");
    CHECK(refusal("events { ${a{b} 1; }") == "unknown directive \"${a\" in nginx.conf:1");
    CHECK(refusal("events { ${{b} 1; }") == "unknown directive \"${{b}\" in nginx.conf:1");
    CHECK(refusal("events { a}b 1; }") == "unknown directive \"a}b\" in nginx.conf:1");
    CHECK(refusal("events { \"\" 1; }") == "unknown directive \"\" in nginx.conf:1");
}

TEST_CASE("configuration: a bad number is refused, file and line said", "[accepted-config-can-wait]") {
    for (const char* digits :
         {"x", "1x", "-1", "+1", "0x10", "1.5", "''", "9223372036854775808", "18446744073709551615",
          "18446744073709551616", "99999999999999999999999999", "' 1'"}) {
        INFO(digits);
        CHECK(refusal(std::string("events {\n epoll_events ") + digits + ";\n}") ==
              "\"epoll_events\" directive invalid number in nginx.conf:2");
    }
}

TEST_CASE("configuration: a number that no loop can run with is refused", "[accepted-config-can-wait]") {
    CHECK(refusal("events { epoll_events 0; }") ==
          "\"epoll_events\" directive value must be between 1 and 1048576 in nginx.conf:1");
    CHECK(refusal("events { epoll_events 1048577; }") ==
          "\"epoll_events\" directive value must be between 1 and 1048576 in nginx.conf:1");
    CHECK(refusal("events { epoll_events 9223372036854775807; }") ==
          "\"epoll_events\" directive value must be between 1 and 1048576 in nginx.conf:1");
    CHECK(refusal("events { worker_connections 1; }") ==
          "\"worker_connections\" directive value must be between 2 and 16777216 in nginx.conf:1");
    CHECK(refusal("events { worker_connections 16777217; }") ==
          "\"worker_connections\" directive value must be between 2 and 16777216 in nginx.conf:1");
}

TEST_CASE("configuration: a directive is given once", "[accepted-config-can-wait]") {
    CHECK(refusal("events {\n epoll_events 5;\n epoll_events 5;\n}") ==
          "\"epoll_events\" directive is duplicate in nginx.conf:3");
    CHECK(refusal("events { worker_connections 5; worker_connections x; }") ==
          "\"worker_connections\" directive is duplicate in nginx.conf:1");
    CHECK(refusal("events { }\nevents { }") == "\"events\" directive is duplicate in nginx.conf:2");
}

TEST_CASE("configuration: the number of arguments is checked", "[accepted-config-can-wait]") {
    const std::string text = "invalid number of arguments in \"epoll_events\" directive in nginx.conf:1";
    CHECK(refusal("events { epoll_events; }") == text);
    CHECK(refusal("events { epoll_events 1 2; }") == text);
    CHECK(refusal("events { epoll_events 1 2 3 4 5 6 7 8 9 10; }") == text);
    CHECK(refusal("events { epoll_events 'a') ; }") == text);
    CHECK(refusal("events on { }") == "invalid number of arguments in \"events\" directive in nginx.conf:1");
}

TEST_CASE("configuration: a directive stands where it belongs", "[accepted-config-can-wait]") {
    CHECK(refusal("epoll_events 5;") == "\"epoll_events\" directive is not allowed here in nginx.conf:1");
    CHECK(refusal("events { events { } }") == "\"events\" directive is not allowed here in nginx.conf:1");
    CHECK(refusal("http { }") == "unknown directive \"http\" in nginx.conf:1");
    CHECK(refusal("events { kqueue_events 5; }") == "unknown directive \"kqueue_events\" in nginx.conf:1");
}

TEST_CASE("configuration: statements and blocks are ended properly", "[accepted-config-can-wait]") {
    CHECK(refusal("events;") == "directive \"events\" has no opening \"{\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events 5 { } }") ==
          "directive \"epoll_events\" is not terminated by \";\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events 5 }") == "unexpected \"}\" in nginx.conf:1");
    CHECK(refusal("}") == "unexpected \"}\" in nginx.conf:1");
    CHECK(refusal("events { } }") == "unexpected \"}\" in nginx.conf:1");
    CHECK(refusal("events { ; }") == "unexpected \";\" in nginx.conf:1");
    CHECK(refusal("{ }") == "unexpected \"{\" in nginx.conf:1");
    CHECK(refusal("events {\n\n") == "unexpected end of file, expecting \"}\" in nginx.conf:3");
    CHECK(refusal("events { epoll_events 5") ==
          "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events ") ==
          "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events \"5") ==
          "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events \"5\"") ==
          "unexpected end of file, expecting \";\" or \"}\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events \"5\"6; }") == "unexpected \"6\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events '5'\"6\"; }") == "unexpected \"\"\" in nginx.conf:1");
}

TEST_CASE("configuration: there must be an events section", "[accepted-config-can-wait]") {
    CHECK(refusal("") == "no \"events\" section in configuration");
    CHECK(refusal("# events { }\n") == "no \"events\" section in configuration");
}

TEST_CASE("configuration: a word has less than 4096 bytes", "[accepted-config-can-wait]") {
    const std::string zeros(4094, '0');
    CHECK(accepted("events { epoll_events " + zeros + "5; }").epoll_events == 5);
    CHECK(refusal("events {\n epoll_events " + zeros + "55; }") ==
          "too long parameter \"0000000000...\" started in nginx.conf:2");
    CHECK(refusal("events {\n epoll_events 1 2 " + zeros + "55; }") ==
          "too long parameter \"0000000000...\" started in nginx.conf:2");
    CHECK(refusal("events {\n epoll_events \"" + zeros + "\n\n; }") ==
          "too long parameter, probably missing terminating \"\"\" character in nginx.conf:2");
    CHECK(refusal("events {\n epoll_events '" + zeros + "\n\n; }") ==
          "too long parameter, probably missing terminating \"'\" character in nginx.conf:2");
    // Comments and blanks may have any length.
    CHECK(accepted("events { #" + zeros + zeros + "\n" + std::string(9000, ' ') + "}").epoll_events == 512);
}

TEST_CASE("configuration: a message that is too long is cut", "[accepted-config-can-wait]") {
    const std::string name(3000, 'n');
    CHECK(refusal(name + " 5;").size() == Configuration::k_longest_message);
}

} // namespace edgecase
