// The oracle by itself, told of what no scenario can say yet.
#include "props/oracle.hpp"

#include <cerrno>

#include "fakekernel/model.hpp"
#include "props/saboteur.hpp"
#include "props/tests/catch.hpp"

using namespace edgecase;

namespace {

class NoHost final : public SubjectHost {
public:
    void on_handler(unsigned, Half) override {}
    void on_notify(unsigned) override {}
    void on_file(unsigned) override {}
    void on_listener(unsigned) override {}
    void on_accept(unsigned, unsigned) override {}
    void on_listener_ended() override {}
    bool try_accept_mutex() override { return false; }
    void unlock_accept_mutex() override {}
    void on_log(LogLevel, int, std::string_view) override {}
};

fake::Record call(fake::Call what, int fd, std::int64_t value, int error = 0) {
    fake::Record record;
    record.kind = fake::RecordKind::call;
    record.what = static_cast<std::uint8_t>(what);
    record.a = fd;
    record.value = value;
    record.error = static_cast<std::int16_t>(error);
    return record;
}

struct Bench {
    Bench() { oracle.reset(Config{}); }

    void tell(const fake::Record& record) { oracle.system_call(record, nullptr, false); }

    fake::Model model;
    NoHost host;
    Saboteur subject{Sabotage::none, host, model};
    Parties parties;
    Oracle oracle{parties, subject, nullptr};
};

} // namespace

TEST_CASE("oracle: an accepted descriptor is the reactor's to close, once", "[fds-balanced]") {
    Bench bench;
    bench.tell(call(fake::Call::accept4, 5, -1, EAGAIN));
    bench.tell(call(fake::Call::accept4, 5, 7));
    bench.tell(call(fake::Call::accept4, 5, 8));
    bench.tell(call(fake::Call::close, 7, 0));
    bench.tell(call(fake::Call::close, 8, 0));
    CHECK_FALSE(bench.oracle.has_violation());
    bench.tell(call(fake::Call::close, 7, 0));
    REQUIRE(bench.oracle.has_violation());
    CHECK(bench.oracle.violation().invariant == Invariant::fds_balanced);
    bench.oracle.reset(Config{});
    bench.tell(call(fake::Call::close, 8, 0)); // of the run before
    CHECK(bench.oracle.has_violation());
}

TEST_CASE("oracle: an accepted descriptor must be close-on-exec", "[fds-balanced]") {
    Bench bench;
    Oracle oracle(bench.parties, bench.subject, &bench.model);
    oracle.reset(Config{});
    const auto inherited = static_cast<int>(bench.model.eventfd(0, 0, 0).value);
    const auto own = static_cast<int>(bench.model.eventfd(0, 0, k_efd_cloexec).value);
    oracle.system_call(call(fake::Call::accept4, 5, own), nullptr, false);
    CHECK_FALSE(oracle.has_violation());
    oracle.system_call(call(fake::Call::accept4, 5, inherited), nullptr, false);
    CHECK(oracle.has_violation());
}
