// The sometimes points: each has a scenario of the corpus that comes to it, and is not come to by one that is only near.
#include "props/sometimes.hpp"

#include "props/tests/corpus_files.hpp"
#include "props/tests/run_text.hpp"

using namespace edgecase;

namespace {

bool is_at(Sometimes point, std::string_view steps) {
    const std::unique_ptr<Harness> harness = make_model_harness();
    const Scenario scenario = scenario_of(steps);
    harness->run(scenario);
    SometimesHits hits{};
    SometimesRecogniser().look(harness->simulation().trace().records(), scenario, hits);
    return hits[static_cast<unsigned>(point)] != 0;
}

} // namespace

TEST_CASE("sometimes: there are at least 40 points, each with a scenario of the corpus that comes to it") {
    CHECK(k_sometimes >= 40);
    const std::unique_ptr<Harness> harness = make_model_harness();
    SometimesRecogniser recogniser;
    SometimesHits hits{};
    for (const CorpusFile& file : corpus()) {
        if (file.path.find("/corpus/captures/") == std::string::npos) {
            const Scenario scenario = parsed(file).scenario;
            harness->run(scenario);
            recogniser.look(harness->simulation().trace().records(), scenario, hits);
        }
    }
    for (const SometimesText& text : sometimes_points()) {
        INFO(text.name << ": " << text.meaning);
        CHECK(hits[static_cast<unsigned>(text.point)] == 1);
    }
}

TEST_CASE("sometimes: a point is not where something is only near") {
    struct Pair {
        Sometimes point;
        std::string_view there;
        std::string_view near;
    };
    const Pair pairs[] = {
        {Sometimes::stale_in_read_half,
         "open a unix\nopen b unix\nadd a read et\nadd b read et\non a.read: close b\npeer a send 1\npeer b "
         "send 1\n"
         "process 0ms\n",
         "open a unix\nopen b unix\nadd a read et\nadd b read et\non b.read: close a\npeer a send 1\npeer b "
         "send 1\n"
         "process 0ms\n"},
        {Sometimes::posted_event_lost_its_connection,
         "open a unix\nopen b unix\nadd a read et\nadd b read et\non a.read: close b\npeer a send 1\npeer b "
         "send 1\n"
         "process 0ms post\nclose b\n",
         "open a unix\nopen b unix\nadd a read et\nadd b read et\non a.read: close b\npeer a send 1\npeer b "
         "send 1\n"
         "process 0ms\n"},
        {Sometimes::stale_in_write_half,
         "open a tcp\nadd a connection\non a.read: close a\npeer a send 1\nprocess 0ms\n",
         "open a tcp\nadd a read et\non a.read: close a\npeer a send 1\nprocess 0ms\n"},
        {Sometimes::slot_reused_in_batch,
         "open a unix\nadd a read et\non a.read: close a; open b unix; add b read et\npeer a send 1\nprocess "
         "0ms\n",
         "open a unix\nadd a read et\non a.read: close a\npeer a send 1\nprocess 0ms\nopen b unix\nadd b "
         "read et\n"},
        {Sometimes::slot_reused_in_batch,
         "open a unix\nadd a read et\non a.read: close a; open b unix; add b read et\npeer a send 1\nprocess "
         "0ms\n",
         // a is asked to close to make room, and no batch is handled
         "config worker_connections 2\nopen a unix\nopen c unix\nadd a read et\nreusable a\npeer a send "
         "1\nprocess 0ms\nopen b unix\nadd b read et\n"},
        {Sometimes::slot_reused_under_its_entry,
         "open a unix\nadd a read et\non a.read: close a; open b unix; add b read et\npeer a send 1\nprocess "
         "0ms\n",
         "open a unix\nopen b unix\nadd a read et\nadd b read et\non a.read: close b; open c unix; add c "
         "read et\npeer a send 1\npeer b send 1\nprocess 0ms\n"},
        {Sometimes::write_half_to_come_for_reused_slot,
         "open a unix\nadd a connection\non a.read: close a; open b unix; add b read et\npeer a send "
         "1\nprocess 0ms\n",
         "open a unix\nadd a read et\non a.read: close a; open b unix; add b connection\npeer a send "
         "1\nprocess 0ms\n"},
        {Sometimes::write_half_of_reused_slot,
         "open a unix\nadd a connection\non a.read: close a; open b unix; add b connection\npeer a send "
         "1\nprocess 0ms\n",
         "open a unix\nadd a connection\non a.read: close a; open b unix; add b read et\npeer a send "
         "1\nprocess 0ms\n"},
        {Sometimes::wait_interrupted_with_alarm, "during epoll_wait 1: alarm\nprocess 10ms\n",
         "during epoll_wait 1: signal\nprocess 10ms\n"},
        {Sometimes::notify_coalesced, "notify 1\nnotify 2\nprocess 0ms\n",
         "notify 1\nprocess 0ms\nnotify 2\nprocess 0ms\n"},
        {Sometimes::batch_truncated,
         "config epoll_events 1\nopen a unix\nopen b unix\nadd a read et\nadd b read et\npeer a send 1\npeer "
         "b send "
         "1\nprocess 0ms\nprocess 0ms\n",
         "config epoll_events 1\nopen a unix\nopen b unix\nadd a read et\nadd b read et\npeer a send "
         "1\nprocess 0ms\n"
         "peer b send 1\nprocess 0ms\n"},
        {Sometimes::completion_after_close,
         "config worker_aio_requests 2\nopen a disk\naio a 0 10\nclose a\ncomplete a all\nprocess 0ms\n",
         "config worker_aio_requests 2\nopen a disk\naio a 0 10\ncomplete a all\nprocess 0ms\nclose a\n"},
        {Sometimes::listener_came_back,
         "config accept_mutex 1\nlisten a\nclient b to a\nturn\nmutex taken\nturn\nmutex free\nclient c to "
         "a\nturn\n",
         "config accept_mutex 1\nlisten a\nclient b to a\nturn\nmutex taken\nturn\n"},
        {Sometimes::several_accepted_at_once,
         "config multi_accept 1\nlisten a\nclient b to a\nclient c to a\nturn\n",
         "listen a\nclient b to a\nclient c to a\nturn\nturn\n"},
        {Sometimes::write_went_on,
         "config unix_buffer 2304\nopen a unix\nadd a connection\nprocess 0ms\nwrite a 5000\npeer a recv "
         "all\nprocess "
         "0ms\n",
         "config unix_buffer 2304\nopen a unix\nadd a connection\nprocess 0ms\nwrite a 5\npeer a recv "
         "all\nprocess "
         "0ms\n"},
    };
    for (const Pair& pair : pairs) {
        INFO(sometimes_points()[static_cast<unsigned>(pair.point)].name);
        CHECK(is_at(pair.point, pair.there));
        CHECK_FALSE(is_at(pair.point, pair.near));
    }
}

TEST_CASE("sometimes: a name is found again") {
    for (const SometimesText& text : sometimes_points()) {
        CHECK(sometimes_named(text.name) == text.point);
    }
    CHECK_FALSE(sometimes_named("never"));
}
