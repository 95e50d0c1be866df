#include "core/check.hpp"

#include <string>

#include "core/tests/catch.hpp"
#include "core/tests/last_words.hpp"

namespace edgecase {
TEST_CASE("check: a failed one prints place, condition, message and operands",
          "[failed-call-changes-nothing]") {
    const std::string words = last_words([] {
        check_failed({"core/x.cpp", 12, "slot < slots", "there is no such slot", "slot, slots"},
                     check_values(9, 8));
    });
    CHECK(words ==
          "core/x.cpp:12: check failed: slot < slots: there is no such slot (slot = 9, slots = 8)\n");
    const std::string bare = last_words([] {
        check_failed({"core/x.cpp", 3, "ready", "it was not", ""}, check_values());
    });
    CHECK(bare == "core/x.cpp:3: check failed: ready: it was not\n");
}

TEST_CASE("check: the macro evaluates its condition only in builds that check",
          "[failed-call-changes-nothing]") {
    int evaluated = 0;
    EDGECASE_CHECK(++evaluated != 0, "counts", evaluated);
#ifdef NDEBUG
    CHECK(evaluated == 0);
#else
    CHECK(evaluated == 1);
    int two = 2;
    const std::string words = last_words([&two] { EDGECASE_CHECK(two == 3, "two is not three", two); });
    CHECK(words.find("check failed: two == 3: two is not three (two = 2)\n") != std::string::npos);
#endif
}

} // namespace edgecase
