#include "core/configuration.hpp"

#include <string>
#include <vector>

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

// The simple directives: where each stands, and a value that each takes.
struct Sample {
    std::string name;
    bool in_events;
    std::string value;
};

std::vector<Sample> samples() {
    return {
        {"timer_resolution", false, "100ms"},
        {"worker_connections", true, "16"},
        {"use", true, "epoll"},
        {"multi_accept", true, "on"},
        {"accept_mutex", true, "off"},
        {"accept_mutex_delay", true, "100ms"},
        {"epoll_events", true, "16"},
        {"worker_aio_requests", true, "16"},
    };
}

// A text where the statements stand in line 2, in the directive's context.
std::string in_its_context(const Sample& sample, const std::string& statements) {
    return sample.in_events ? "events {\n" + statements + "\n}" : "events { }\n" + statements + "\n";
}

std::string delay(const std::string& word) {
    return "events {\n accept_mutex_delay '" + word + "';\n}";
}

// The resolution has no lower bound, so it shows every time.
Msec resolution_ms(const std::string& word) {
    return accepted("timer_resolution \"" + word + "\"; events { }").timer_resolution_ms;
}

} // namespace

TEST_CASE("configuration: what is not set has nginx's default", "[accepted-config-can-wait]") {
    const Options options = accepted("events { }");
    CHECK(options.worker_connections == 512);
    CHECK(options.epoll_events == 512);
    CHECK(options.worker_aio_requests == 32);
    CHECK_FALSE(options.multi_accept);
    CHECK(options.accept_mutex);
    CHECK(options.accept_mutex_delay_ms == 500);
    CHECK(options.timer_resolution_ms == 0);
}

TEST_CASE("configuration: each directive sets its own option and no other", "[accepted-config-can-wait]") {
    const Options options = accepted("timer_resolution 100ms;\n"
                                     "events {\n"
                                     "    worker_connections 11;\n"
                                     "    use epoll;\n"
                                     "    multi_accept on;\n"
                                     "    accept_mutex off;\n"
                                     "    accept_mutex_delay 12ms;\n"
                                     "    epoll_events 13;\n"
                                     "    worker_aio_requests 14;\n"
                                     "}\n");
    CHECK(options.timer_resolution_ms == 100);
    CHECK(options.worker_connections == 11);
    CHECK(options.multi_accept);
    CHECK_FALSE(options.accept_mutex);
    CHECK(options.accept_mutex_delay_ms == 12);
    CHECK(options.epoll_events == 13);
    CHECK(options.worker_aio_requests == 14);
    for (const Sample& sample : samples()) {
        INFO(sample.name);
        const Options one = accepted(in_its_context(sample, sample.name + " " + sample.value + ";"));
        CHECK(one.timer_resolution_ms == (sample.name == "timer_resolution" ? 100 : 0));
        CHECK(one.worker_connections == (sample.name == "worker_connections" ? 16 : 512));
        CHECK(one.multi_accept == (sample.name == "multi_accept"));
        CHECK(one.accept_mutex == (sample.name != "accept_mutex"));
        CHECK(one.accept_mutex_delay_ms == (sample.name == "accept_mutex_delay" ? 100 : 500));
        CHECK(one.epoll_events == (sample.name == "epoll_events" ? 16 : 512));
        CHECK(one.worker_aio_requests == (sample.name == "worker_aio_requests" ? 16 : 32));
    }
    // The main context's stand before or behind the section.
    CHECK(accepted("events { } timer_resolution 7s;").timer_resolution_ms == 7000);
}

TEST_CASE("configuration: numbers are taken over, bounds included", "[accepted-config-can-wait]") {
    CHECK(accepted("events { worker_connections 2; epoll_events 1; }").worker_connections == 2);
    CHECK(accepted("events{worker_connections 16777216;}").worker_connections == 16777216);
    CHECK(accepted("events{epoll_events 1;}").epoll_events == 1);
    CHECK(accepted("events{epoll_events 1048576;}").epoll_events == 1048576);
    CHECK(accepted("events{epoll_events 0000000000000000000000000000007;}").epoll_events == 7);
    CHECK(accepted("events{worker_aio_requests 1;}").worker_aio_requests == 1);
    CHECK(accepted("events{worker_aio_requests 65536;}").worker_aio_requests == 65536);
    CHECK(accepted("events{accept_mutex_delay 1ms;}").accept_mutex_delay_ms == 1);
    CHECK(accepted("events{accept_mutex_delay 2147483647ms;}").accept_mutex_delay_ms == 2147483647);
    CHECK(accepted("timer_resolution 0; events{}").timer_resolution_ms == 0);
    CHECK(accepted("timer_resolution 1ms; events{}").timer_resolution_ms == 1);
    CHECK(accepted("timer_resolution 2147483647ms; events{}").timer_resolution_ms == 2147483647);
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
        CHECK(refusal(std::string("events {\n\n worker_aio_requests ") + digits + ";\n}") ==
              "\"worker_aio_requests\" directive invalid number in nginx.conf:3");
    }
    // nginx has a text of its own for this one.
    CHECK(refusal("events {\n worker_connections 1x;\n}") == "invalid number \"1x\" in nginx.conf:2");
    CHECK(refusal("events {\n worker_connections '';\n}") == "invalid number \"\" in nginx.conf:2");
    CHECK(refusal("events {\n worker_connections 9223372036854775808;\n}") ==
          "invalid number \"9223372036854775808\" in nginx.conf:2");
}

TEST_CASE("configuration: a flag is on or off", "[accepted-config-can-wait]") {
    for (const char* on : {"on", "ON", "On", "oN", "'on'", "\"ON\""}) {
        INFO(on);
        CHECK(accepted(std::string("events { multi_accept ") + on + "; }").multi_accept);
        CHECK(accepted(std::string("events { accept_mutex ") + on + "; }").accept_mutex);
    }
    for (const char* off : {"off", "OFF", "Off", "oFf", "'off'"}) {
        INFO(off);
        CHECK_FALSE(accepted(std::string("events { multi_accept ") + off + "; }").multi_accept);
        CHECK_FALSE(accepted(std::string("events { accept_mutex ") + off + "; }").accept_mutex);
    }
    for (const std::string word :
         {"", "o", "onn", "of", "offf", "yes", "no", "true", "1", "0", " on", "on ", "0n", "off;"}) {
        INFO(word);
        CHECK(refusal("events {\n multi_accept \"" + word + "\";\n}") ==
              "invalid value \"" + word +
                  "\" in \"multi_accept\" directive, it must be \"on\" or \"off\" in nginx.conf:2");
        CHECK(refusal("events {\n accept_mutex \"" + word + "\";\n}") ==
              "invalid value \"" + word +
                  "\" in \"accept_mutex\" directive, it must be \"on\" or \"off\" in nginx.conf:2");
    }
    // A word that looks like a placeholder of nginx's texts is a word.
    CHECK(
        refusal("events { accept_mutex %s%V; }") ==
        "invalid value \"%s%V\" in \"accept_mutex\" directive, it must be \"on\" or \"off\" in nginx.conf:1");
}

TEST_CASE("configuration: a NUL byte is a byte of its word", "[accepted-config-can-wait]") {
    const std::string word = std::string("on") + '\0' + "x";
    CHECK(refusal("events { accept_mutex " + word + "; }") ==
          "invalid value \"" + word +
              "\" in \"accept_mutex\" directive, it must be \"on\" or \"off\" in nginx.conf:1");
}

TEST_CASE("configuration: epoll is the only event type", "[accepted-config-can-wait]") {
    static_cast<void>(accepted("events { use epoll; }"));
    static_cast<void>(accepted("events { use 'epoll'; }"));
    for (const std::string word :
         {"kqueue", "poll", "select", "event_core", "Epoll", "epoll ", "epol", "epolll", ""}) {
        INFO(word);
        CHECK(refusal("events {\n use \"" + word + "\";\n}") ==
              "invalid event type \"" + word + "\" in nginx.conf:2");
    }
}

TEST_CASE("configuration: a time is nginx's, in milliseconds", "[accepted-config-can-wait]") {
    const struct {
        const char* word;
        Msec ms;
    } times[] = {
        {"0", 0},
        {"1", 1'000},
        {"90", 90'000},
        {"007", 7'000},
        {"0ms", 0},
        {"1ms", 1},
        {"500ms", 500},
        {"1s", 1'000},
        {"1m", 60'000},
        {"2h", 7'200'000},
        {"1d", 86'400'000},
        {"1w", 604'800'000},
        {"1h30m", 5'400'000},
        {"1h30", 3'630'000},
        {"1m1", 61'000},
        {"1s500ms", 1'500},
        {"1m500ms", 60'500},
        {"1w1d1h1m1s1ms", 694'861'001},
        {"1w1d1h1m1s1ms1", 694'862'001},
        // Blanks, after a unit or at the end.
        {"1h 30m", 5'400'000},
        {"1h   30m ", 5'400'000},
        {"1s 500ms", 1'500},
        {"5 ", 5'000},
        {"5   ", 5'000},
        {" 5", 5'000},
        {"5 3", 8'000},
        {"1m 5 ", 65'000},
        {"1m 5 3", 68'000},
        // Each unit is counted, whatever is left out before it.
        {"1d1ms", 86'400'001},
        {"2d3s", 172'803'000},
        // nginx takes a unit without a number, if there is a number at all.
        {"1hm", 3'600'000},
        {"h1", 1'000},
        {"m s ms 1", 1'000},
        {"3w", 1'814'400'000},
    };
    for (const auto& time : times) {
        INFO(time.word);
        CHECK(resolution_ms(time.word) == time.ms);
        if (time.ms != 0) {
            CHECK(accepted(delay(time.word)).accept_mutex_delay_ms == time.ms);
        }
    }
    CHECK(accepted("timer_resolution 1h30m; events { }").timer_resolution_ms == 5'400'000);
}

TEST_CASE("configuration: what is no time is refused", "[accepted-config-can-wait]") {
    for (const std::string word :
         {"", " ", "x", "s", "ms", "h m", "-1", "+1", "1.5s", "0x10", "1S", "1H", "1MS", "1us", "1x", "1sx",
          "1\ts",
          // Years and months are not for milliseconds.
          "1y", "1M", "1w1M",
          // Ascending, or twice.
          "30m1h", "1s1m", "1ms1s", "1ms1m", "1d1w", "1h1d", "1h1h", "1s1s", "1ms1ms", "1m1m", "1d1d", "1w1w",
          // No unit behind a number that stands alone, and none that stands alone behind seconds.
          " 5s", "5 3s", "5 3ms", "5 3 ", "1s 5 ", "1ms 5 ", "5 3 1",
          // Overflow: of a number, of its product with the unit, of the sum.
          "9223372036854775808ms", "18446744073709551616ms", "18446744073709551615", "9223372036854776",
          "9223372036854776s", "153722867280913m", "2562047788016h", "106751991168d", "15250284453w",
          "9223372036854775s808ms", "15250284452w7d", "9223372036854775807ms1"}) {
        INFO(word);
        CHECK(refusal(delay(word)) == "\"accept_mutex_delay\" directive invalid value in nginx.conf:2");
        CHECK(refusal("events { }\n\ntimer_resolution '" + word + "';") ==
              "\"timer_resolution\" directive invalid value in nginx.conf:3");
    }
}

TEST_CASE("configuration: a time that no wait can take is refused", "[accepted-config-can-wait]") {
    const std::string delay_bounds =
        "\"accept_mutex_delay\" directive value must be between 1ms and 2147483647ms "
        "in nginx.conf:2";
    const std::string resolution_bounds = "\"timer_resolution\" directive value must be between 0ms and "
                                          "2147483647ms in nginx.conf:1";
    CHECK(refusal(delay("0")) == delay_bounds);
    CHECK(refusal(delay("0ms")) == delay_bounds);
    // The largest that are a time at all: with the overflows above, the edge from both sides.
    for (const char* word : {"2147483648ms", "2147484", "4w", "4294967296ms", "9223372036854775807ms",
                             "9223372036854775", "9223372036854775s807ms", "153722867280912m",
                             "2562047788015h", "106751991167d", "15250284452w", "15250284452w3d"}) {
        INFO(word);
        CHECK(refusal(delay(word)) == delay_bounds);
        CHECK(refusal(std::string("timer_resolution ") + word + "; events { }") == resolution_bounds);
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
    CHECK(refusal("events { worker_connections 0; }") ==
          "\"worker_connections\" directive value must be between 2 and 16777216 in nginx.conf:1");
    CHECK(refusal("events { worker_aio_requests 0; }") ==
          "\"worker_aio_requests\" directive value must be between 1 and 65536 in nginx.conf:1");
    CHECK(refusal("events { worker_aio_requests 65537; }") ==
          "\"worker_aio_requests\" directive value must be between 1 and 65536 in nginx.conf:1");
    // 2^32 and more must not be cut to something that is in range.
    CHECK(refusal("events { worker_aio_requests 4294967297; }") ==
          "\"worker_aio_requests\" directive value must be between 1 and 65536 in nginx.conf:1");
}

TEST_CASE("configuration: a directive is given once", "[accepted-config-can-wait]") {
    CHECK(refusal("events {\n epoll_events 5;\n epoll_events 5;\n}") ==
          "\"epoll_events\" directive is duplicate in nginx.conf:3");
    CHECK(refusal("events { worker_connections 5; worker_connections x; }") ==
          "\"worker_connections\" directive is duplicate in nginx.conf:1");
    CHECK(refusal("events { }\nevents { }") == "\"events\" directive is duplicate in nginx.conf:2");
    CHECK(refusal("timer_resolution 1s; events { }\ntimer_resolution 2s;") ==
          "\"timer_resolution\" directive is duplicate in nginx.conf:2");
    CHECK(refusal("timer_resolution 0;\ntimer_resolution 0; events { }") ==
          "\"timer_resolution\" directive is duplicate in nginx.conf:2");
    for (const Sample& sample : samples()) {
        // The same value, a value that is refused otherwise, and, for flags, the default first.
        for (const char* second : {sample.value.c_str(), "x", "off"}) {
            const std::string once = sample.name + " " + sample.value + ";";
            INFO(once << second);
            CHECK(refusal(in_its_context(sample, once + sample.name + " " + second + ";")) ==
                  "\"" + sample.name + "\" directive is duplicate in nginx.conf:2");
        }
    }
    CHECK(refusal("events { multi_accept off; multi_accept off; }") ==
          "\"multi_accept\" directive is duplicate in nginx.conf:1");
}

TEST_CASE("configuration: the number of arguments is checked", "[accepted-config-can-wait]") {
    const std::string text = "invalid number of arguments in \"epoll_events\" directive in nginx.conf:1";
    CHECK(refusal("events { epoll_events; }") == text);
    CHECK(refusal("events { epoll_events 1 2; }") == text);
    CHECK(refusal("events { epoll_events 1 2 3 4 5 6 7 8 9 10; }") == text);
    CHECK(refusal("events { epoll_events 'a') ; }") == text);
    CHECK(refusal("events on { }") == "invalid number of arguments in \"events\" directive in nginx.conf:1");
    for (const Sample& sample : samples()) {
        const std::string several = " " + sample.value + " " + sample.value;
        for (const std::string& arguments : {std::string(), several, several + several}) {
            INFO(sample.name << arguments);
            CHECK(refusal(in_its_context(sample, sample.name + arguments + ";")) ==
                  "invalid number of arguments in \"" + sample.name + "\" directive in nginx.conf:2");
        }
    }
}

TEST_CASE("configuration: a directive stands where it belongs", "[accepted-config-can-wait]") {
    CHECK(refusal("epoll_events 5;") == "\"epoll_events\" directive is not allowed here in nginx.conf:1");
    CHECK(refusal("events { events { } }") == "\"events\" directive is not allowed here in nginx.conf:1");
    CHECK(refusal("http { }") == "unknown directive \"http\" in nginx.conf:1");
    CHECK(refusal("events { kqueue_events 5; }") == "unknown directive \"kqueue_events\" in nginx.conf:1");
    CHECK(refusal("events {\n debug_connection 127.0.0.1;\n}") ==
          "unknown directive \"debug_connection\" in nginx.conf:2");
    CHECK(refusal("worker_processes 2;\nevents { }") ==
          "unknown directive \"worker_processes\" in nginx.conf:1");
    for (const Sample& sample : samples()) {
        INFO(sample.name);
        const std::string statement = sample.name + " " + sample.value + ";";
        CHECK(refusal(sample.in_events ? "events { }\n" + statement : "events {\n" + statement + "}") ==
              "\"" + sample.name + "\" directive is not allowed here in nginx.conf:2");
        // The place is judged before the arguments, and the name's case counts.
        CHECK(refusal(sample.in_events ? "events { }\n" + sample.name + ";"
                                       : "events {\n" + sample.name + ";}") ==
              "\"" + sample.name + "\" directive is not allowed here in nginx.conf:2");
        std::string other = sample.name;
        other[0] = static_cast<char>(other[0] - 'a' + 'A');
        CHECK(refusal(in_its_context(sample, other + " " + sample.value + ";")) ==
              "unknown directive \"" + other + "\" in nginx.conf:2");
    }
}

TEST_CASE("configuration: statements and blocks are ended properly", "[accepted-config-can-wait]") {
    CHECK(refusal("events;") == "directive \"events\" has no opening \"{\" in nginx.conf:1");
    CHECK(refusal("events { epoll_events 5 { } }") ==
          "directive \"epoll_events\" is not terminated by \";\" in nginx.conf:1");
    for (const Sample& sample : samples()) {
        CHECK(refusal(in_its_context(sample, sample.name + " " + sample.value + " { }")) ==
              "directive \"" + sample.name + "\" is not terminated by \";\" in nginx.conf:2");
    }
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

TEST_CASE("configuration: a message that is too long is cut, and still says where",
          "[accepted-config-can-wait]") {
    const std::string name(3000, 'n');
    const std::string message = refusal("\n\n" + name + " 5;");
    CHECK(message.size() == Configuration::k_longest_message);
    CHECK(message.starts_with("unknown directive \"nnn"));
    CHECK(message.ends_with("nnn in nginx.conf:3"));
    // The text of a kind of value, too.
    const std::string flag = refusal("events {\n multi_accept " + name + ";\n}");
    CHECK(flag.size() == Configuration::k_longest_message);
    CHECK(flag.ends_with("nnn in nginx.conf:2"));
    // A name that leaves no room: the message is the name, as far as it goes.
    const Configuration configuration = read_configuration("x 5;", name);
    CHECK_FALSE(configuration.accepted());
    CHECK(configuration.message() == " in " + name.substr(0, Configuration::k_longest_message - 4));
}

} // namespace edgecase
