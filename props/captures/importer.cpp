#include "props/captures/importer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "core/epoll_abi.hpp"
#include "props/captures/peer_buffers.hpp"
#include "props/scenario_language.hpp"

namespace edgecase {

namespace {

constexpr std::uint64_t k_most_transfer_bytes = 1'048'576; // of one step
constexpr std::uint64_t k_most_ms = 86'400'000;            // of one step

// Between the end of a wait and the server's next line.
constexpr std::uint64_t k_behind_wait_us = 50;
// A wait that took longer has slept; so has one in which other threads were seen.
constexpr std::uint64_t k_slept_us = 1000;

// What a connection waits for, with a timer.
enum class Patience : std::uint8_t { request, send, keepalive, lingering, upstream };
constexpr unsigned k_patiences = 5;

// How long, in milliseconds. nginx's defaults: client_header_timeout, send_timeout, keepalive_timeout,
// lingering_timeout, and proxy_connect_timeout, proxy_send_timeout and proxy_read_timeout, which are one here.
using Times = std::array<std::uint64_t, k_patiences>;
constexpr Times k_default_times = {60'000, 60'000, 75'000, 5'000, 60'000};

// A timer of the application, as far as its length can be learned when it fires.
struct PatientTimer {
    bool is_set = false;
    Patience patience = Patience::request;
    std::uint64_t set_at_ms = 0;
};

Step step_of(StepKind kind, int party, std::uint64_t value = 0) {
    Step step;
    step.kind = kind;
    step.name = static_cast<Name>(std::max(party, 0));
    step.value = value;
    return step;
}

Step half_step(StepKind kind, int party, Half half, std::uint64_t value = 0) {
    Step step = step_of(kind, party, value);
    step.choice = static_cast<std::uint8_t>(half);
    return step;
}

// What the application and the peer of one connection are about.
struct Conversation {
    bool open = true;
    bool peer_gone = false;             // it has closed, shut down or reset
    bool blocked = false;               // the last send moved less than asked
    bool answered = false;              // something was sent for it
    bool by_upstream = false;           // the answer comes from a connection that was dialled for it
    bool waits_to_send = false;         // its write event is watched
    bool is_dropped = false;            // of one that was dialled: its connect was never answered
    bool was_asked = false;             // and what came of it was looked at
    bool lingering = false;             // its writing half is shut down
    bool kept_alive = false;            // it has been answered, and may ask again
    std::array<PatientTimer, 2> timers; // by Half
    bool had_short_read = false;        // in this turn: what it reads from here on came in between
    bool sent_since = false;            // in this turn: and something did
    std::uint64_t sent_ahead = 0;       // by the peer, looked at and not read yet
};

class Importer {
public:
    Importer(const Capture& capture, const Times& times)
        : capture_(capture), times_(times), learned_(times), parties_(identify_parties(capture)),
          turns_(split_turns(capture, parties_)), buffers_(capture, parties_),
          conversations_(parties_.parties.size()) {}

    ImportedCapture run() {
        if (parties_.calls < capture_.calls.size()) {
            note(parties_.calls, "the capture has more connections than a scenario has names (" +
                                     std::to_string(k_max_names) + "): nothing is imported from here on");
        }
        if (capture_.other_loops > 0) {
            made_.notes.push_back(
                {0, std::to_string(capture_.other_loops) + " waits of other loops are left out"});
        }
        configure();
        open_start();
        for (turn_ = 0; turn_ < turns_.size(); ++turn_) {
            import_turn(turns_[turn_]);
        }
        count_budget();
        comment(0, false,
                "Made from " + file_name() +
                    " by `edgecase import`: what a real server's clients and handlers did.");
        std::stable_sort(comments_.begin(), comments_.end(),
                         [](const Comment& a, const Comment& b) { return a.step < b.step; });
        made_.text.comments = std::move(comments_);
        made_.parties = std::move(parties_);
        made_.turns = std::move(turns_);
        return std::move(made_);
    }

    // The times that timers which fired have shown, after run().
    [[nodiscard]] const Times& learned() const { return learned_; }

private:
    [[nodiscard]] const CapturedCall& call_at(std::size_t index) const { return capture_.calls[index]; }
    [[nodiscard]] Conversation& at(int party) { return conversations_[static_cast<std::size_t>(party)]; }
    [[nodiscard]] const CapturedParty& party_at(int party) const {
        return parties_.parties[static_cast<std::size_t>(party)];
    }
    [[nodiscard]] std::vector<Step>& steps() { return made_.text.scenario.steps; }
    void add(const Step& step) { steps().push_back(step); }
    void note(std::size_t call, std::string text) {
        made_.notes.push_back({call < capture_.calls.size() ? call_at(call).line : 0, std::move(text)});
    }
    void comment(std::size_t step, bool behind, std::string text) {
        comments_.push_back({static_cast<std::uint32_t>(step), behind, std::move(text)});
    }
    [[nodiscard]] std::string file_name() const {
        const std::size_t slash = capture_.file.rfind('/');
        return std::string(slash == std::string_view::npos ? capture_.file : capture_.file.substr(slash + 1));
    }

    void configure() {
        Config& config = made_.text.scenario.config;
        constexpr std::uint32_t k_usual_events = 512; // nginx's default of epoll_events
        config.epoll_events =
            std::min<std::uint32_t>(capture_.most_events == 0 ? k_usual_events : capture_.most_events, 1024);
        config.worker_connections = static_cast<std::uint32_t>(
            std::clamp<std::size_t>(parties_.parties.size() + 2, config.worker_connections, k_max_names));
        config.tcp_buffer = buffers_.size_bytes();
        config.timer_resolution = capture_.timer_resolution_ms;
        config.multi_accept = takes_several() ? 1 : 0;
    }

    // Whether a listener goes on accepting until there is nothing left.
    [[nodiscard]] bool takes_several() const {
        std::map<int, bool> accepted;
        for (std::size_t i = 0; i < parties_.calls; ++i) {
            if (call_at(i).kind == CapturedKind::epoll_wait) {
                accepted.clear();
            } else if (call_at(i).kind == CapturedKind::accept) {
                if (accepted[parties_.of_call[i]]) {
                    return true;
                }
                accepted[parties_.of_call[i]] = !call_at(i).failed();
            }
        }
        return false;
    }

    // Listeners, and connections from before the capture.
    void open_start() {
        for (std::size_t i = 0; i < parties_.parties.size(); ++i) {
            const int party = static_cast<int>(i);
            const CapturedPartyKind kind = party_at(party).kind;
            if (kind == CapturedPartyKind::listener) {
                add(step_of(StepKind::listen, party));
            } else if (kind == CapturedPartyKind::before) {
                Step step = step_of(StepKind::open, party);
                step.choice = static_cast<std::uint8_t>(ObjectKind::tcp);
                add(step);
                add(half_step(StepKind::handle, party, Half::read));
                made_.notes.push_back(
                    {party_at(party).line, "connection " + name_text(step.name) +
                                               " was there before the capture began: it is "
                                               "opened idle, and its timers are not known"});
                made_.turns_with_unknown_timers = turns_.size();
            }
        }
    }

    void import_turn(const CapturedTurn& turn) {
        peers_.clear();
        application_.clear();
        answers_connect_ = false;
        turn_ms_ = clock_ms(end_of_wait(turn.wait));
        for (Conversation& conversation : conversations_) {
            conversation.had_short_read = false;
            conversation.sent_since = false;
        }
        post_events(turn);
        bool notified = turn.notified == 0;
        for (const CapturedHandler& handler : turn.handlers) {
            if (!notified && handler.called_for == CalledFor::notify) {
                notify(turn.notified);
                notified = true;
            }
            import_handler(handler);
        }
        if (!notified) {
            notify(turn.notified);
        }
        for (const FailedAccept& failed : turn.failed_accepts) {
            fail_accept(failed);
        }
        take_turn(turn);
        for (const Step& step : application_) {
            add(step);
        }
    }

    // nginx has a queue of its own for the next turn (since 1.17.5); what is posted between two turns comes to
    // the same: the wait does not sleep, and the event runs when the turn ends.
    void post_events(const CapturedTurn& turn) {
        has_posted_ = false;
        for (const CapturedHandler& handler : turn.handlers) {
            if (handler.is_posted) {
                add(half_step(StepKind::post, handler.party, Half::write));
                has_posted_ = true;
            }
        }
    }

    void fail_accept(const FailedAccept& failed) {
        Step step = step_of(StepKind::fail, 0, 1);
        step.call = fake::Call::accept4;
        step.count = static_cast<std::uint8_t>(std::min(failed.nth, 255U));
        step.error = static_cast<std::uint8_t>(call_at(failed.call).error);
        add(step);
    }

    // Threads that notified one after the other, each to its end.
    void notify(unsigned times) {
        for (unsigned i = 0; i < times; ++i) {
            for (const StepKind kind : {StepKind::poster_notify, StepKind::poster_finish}) {
                Step step = step_of(kind, 0, kind == StepKind::poster_notify ? 1 : 0);
                step.count = 1;
                peers_.push_back(step);
            }
        }
    }

    // One step, or the two of one notification.
    [[nodiscard]] bool is_one_deed() const {
        return peers_.size() == 1 || (peers_.size() == 2 && peers_.front().kind == StepKind::poster_notify);
    }

    // What the peers did and the turn itself. One peer's deed that ended a sleep happens in the sleep; several
    // have happened before the wait looks.
    void take_turn(const CapturedTurn& turn) {
        const CapturedCall& wait = call_at(turn.wait);
        const std::uint64_t end_us = end_of_wait(turn.wait);
        const bool slept = wait.end_line != wait.line || end_us > wait.begin_us + k_slept_us;
        const bool by_alarm = turn.interrupted_by != nullptr && turn.interrupted_by->signal == "SIGALRM";
        if (has_posted_) {
            before_wait(end_us);
        } else if (peers_.empty() && by_alarm && capture_.timer_resolution_ms != 0) {
            sleep_until_tick(turn.interrupted_by->begin_us);
        } else if (peers_.empty() && answers_connect_) {
            // The answer is there when the wait begins, and it does not sleep; the time is made up for later.
        } else if (peers_.empty()) {
            in_wait(StepKind::time, advance_to(end_us));
            if (turn.interrupted_by != nullptr) {
                in_wait(step_of(StepKind::signal, 0));
            }
        } else if (is_one_deed() && slept) {
            in_wait(StepKind::time, advance_to(end_us));
            for (const Step& step : peers_) {
                in_wait(step);
            }
        } else {
            before_wait(end_us);
        }
        comment(steps().size(), true, "line " + std::to_string(wait.line));
        add(step_of(StepKind::turn, 0));
    }

    void before_wait(std::uint64_t until_us) {
        if (const std::uint64_t ms = advance_to(until_us); ms > 0) {
            add(step_of(StepKind::time, 0, ms));
        }
        for (const Step& step : peers_) {
            add(step);
        }
    }

    void in_wait(StepKind kind, std::uint64_t value) {
        if (value > 0) {
            in_wait(step_of(kind, 0, value));
        }
    }

    void in_wait(const Step& nested) {
        Step during;
        during.kind = StepKind::during;
        during.call = fake::Call::epoll_wait;
        during.count = 1;
        during.nested = 1;
        add(during);
        add(nested);
    }

    // The server looks at the clock between the end of a wait and its next call, and the nearer to that the
    // likelier: strace stops it at both.
    [[nodiscard]] std::uint64_t end_of_wait(std::size_t wait) const {
        const CapturedCall& call = call_at(wait);
        for (std::size_t i = wait + 1; i < capture_.calls.size(); ++i) {
            if (call_at(i).kind != CapturedKind::notify) {
                const std::uint64_t next_us = call_at(i).begin_us;
                return std::max(call.end_us, next_us - std::min(next_us, k_behind_wait_us));
            }
        }
        return call.end_us;
    }

    [[nodiscard]] std::uint64_t clock_ms(std::uint64_t us) const {
        return us > capture_.start_us ? (us - capture_.start_us) / 1000 : 0;
    }

    // Milliseconds that pass until then. The interval timer's ticks stay where signals say they were.
    std::uint64_t advance_to(std::uint64_t us) {
        std::uint64_t target_ms = clock_ms(us);
        if (const std::uint64_t resolution_ms = capture_.timer_resolution_ms; resolution_ms != 0) {
            target_ms = std::min(target_ms, (now_ms_ / resolution_ms + 1) * resolution_ms - 1);
        }
        const std::uint64_t passed_ms = target_ms > now_ms_ ? std::min(target_ms - now_ms_, k_most_ms) : 0;
        now_ms_ += passed_ms;
        return passed_ms;
    }

    // The tick whose signal came then, or the next one.
    [[nodiscard]] std::uint64_t tick_ms(std::uint64_t us) const {
        const std::uint64_t resolution_ms = capture_.timer_resolution_ms;
        const std::uint64_t next_ms = (now_ms_ / resolution_ms + 1) * resolution_ms;
        return std::max(clock_ms(us) / resolution_ms * resolution_ms, next_ms);
    }

    // A sleep that nothing else ends goes on to the next tick by itself.
    void sleep_until_tick(std::uint64_t us) {
        const std::uint64_t target_ms = tick_ms(us);
        if (target_ms - now_ms_ > capture_.timer_resolution_ms) {
            in_wait(StepKind::time, std::min(target_ms - now_ms_, k_most_ms));
        }
        now_ms_ = target_ms;
    }

    void import_handler(const CapturedHandler& handler) {
        reaction_.clear();
        touched_.clear();
        learn_time(handler);
        if (is_dialled(handler.party) && !at(handler.party).was_asked &&
            handler.called_for != CalledFor::application) {
            reaction_.push_back(step_of(StepKind::outcome, handler.party)); // getsockopt is not looked at
            at(handler.party).was_asked = true;
            answers_connect_ = answers_connect_ || !at(handler.party).is_dropped;
        }
        if (handler.called_for == CalledFor::accept) {
            const CapturedParty& made = party_at(handler.party);
            peers_.push_back(
                step_of(StepKind::client, handler.party, static_cast<std::uint64_t>(made.listener)));
            begin_conversation(handler.party);
        } else if (handler.called_for == CalledFor::write && handler.party >= 0 &&
                   !at(handler.party).peer_gone) {
            // The client has read, so that there is room again.
            read_answer(peers_, handler.party, buffers_.readable(handler.party));
        }
        for (std::size_t i = 0; i < handler.calls.size();) {
            i += import_call(handler, i);
        }
        for (const auto& [party, last_call] : touched_) {
            settle(party, last_call);
        }
        add_reaction(handler);
    }

    // Calls of the handler from this one on that become one deed; answers how many.
    std::size_t import_call(const CapturedHandler& handler, std::size_t place) {
        const std::size_t index = handler.calls[place];
        const CapturedCall& call = call_at(index);
        const int party = parties_.of_call[index];
        switch (call.kind) {
        case CapturedKind::signal: alarm(call); break;
        case CapturedKind::recv: received(index, party); break;
        case CapturedKind::peek: looked_at(call, party); break;
        case CapturedKind::send: return sent(handler, place);
        case CapturedKind::connect: dialled(handler, index); break;
        case CapturedKind::shutdown:
            at(party).lingering = true;
            reaction_.push_back(step_of(StepKind::shutdown, party));
            reaction_.back().choice = static_cast<std::uint8_t>(Shut::write);
            break;
        case CapturedKind::close:
            reaction_.push_back(step_of(party_at(party).kind == CapturedPartyKind::listener
                                            ? StepKind::close_shared
                                            : StepKind::close,
                                        party));
            at(party).open = false;
            break;
        default: break;
        }
        if (party >= 0 && call.kind != CapturedKind::accept && call.kind != CapturedKind::connect) {
            touched_[party] = index;
        }
        return 1;
    }

    void alarm(const CapturedCall& call) {
        if (capture_.timer_resolution_ms == 0) {
            reaction_.push_back(step_of(StepKind::alarm, 0));
            return;
        }
        const std::uint64_t target_ms = tick_ms(call.begin_us);
        reaction_.push_back(step_of(StepKind::time, 0, std::min(target_ms - now_ms_, k_most_ms)));
        now_ms_ = target_ms;
    }

    void begin_conversation(int party) {
        set_timer(party, Half::read, Patience::request);
        reaction_.push_back(half_step(StepKind::handle, party, Half::read));
    }

    // What was read had come before the wait ended; but bytes behind a read that got less than it asked for have
    // come since. Not so the end: nginx reads again because the event said that the end is there (EPOLLRDHUP).
    void received(std::size_t index, int party) {
        const CapturedCall& call = call_at(index);
        Conversation& own = at(party);
        std::vector<Step>& when = own.had_short_read ? reaction_ : peers_;
        if (call.failed() && call.error != EAGAIN) {
            if (!own.peer_gone) {
                when.push_back(step_of(StepKind::peer_reset, party));
            }
            own.peer_gone = true;
        } else if (!call.failed() && call.result == 0 && call.asked_bytes > 0) {
            end_of_peer(own.sent_since ? reaction_ : peers_, party, index);
        } else if (!call.failed()) {
            const auto bytes = static_cast<std::uint64_t>(call.result);
            const std::uint64_t ahead = std::min(own.sent_ahead, bytes);
            own.sent_ahead -= ahead;
            if (bytes > ahead) {
                send_request(when, party, bytes - ahead);
                own.sent_since = own.sent_since || own.had_short_read;
            }
            own.had_short_read = bytes < call.asked_bytes;
        }
        reaction_.push_back(step_of(StepKind::read, party, asked(call)));
    }

    static std::uint64_t asked(const CapturedCall& call) {
        return std::clamp<std::uint64_t>(call.asked_bytes, 1, k_most_transfer_bytes);
    }

    void looked_at(const CapturedCall& call, int party) {
        Conversation& own = at(party);
        if (call.failed()) {
            return;
        }
        if (call.result == 0) {
            end_of_peer(peers_, party, parties_.calls);
        } else if (own.sent_ahead < static_cast<std::uint64_t>(call.result)) {
            send_request(peers_, party, static_cast<std::uint64_t>(call.result) - own.sent_ahead);
            own.sent_ahead = static_cast<std::uint64_t>(call.result);
        }
    }

    // A client that asks again has read the answer before.
    void send_request(std::vector<Step>& when, int party, std::uint64_t bytes) {
        if (!when.empty() && when.back().kind == StepKind::peer_send && when.back().name == party &&
            when.back().value + bytes <= k_most_transfer_bytes) {
            when.back().value += bytes;
            return;
        }
        if (!at(party).blocked) {
            read_answer(when, party, buffers_.readable(party));
        }
        for (; bytes > 0; bytes -= std::min(bytes, k_most_transfer_bytes)) {
            when.push_back(step_of(StepKind::peer_send, party, std::min(bytes, k_most_transfer_bytes)));
        }
    }

    void read_answer(std::vector<Step>& when, int party, std::uint64_t bytes) {
        buffers_.read(party, bytes);
        for (; bytes > 0; bytes -= std::min(bytes, k_most_transfer_bytes)) {
            when.push_back(step_of(StepKind::peer_recv, party, std::min(bytes, k_most_transfer_bytes)));
        }
    }

    // One that has closed with an answer unread has reset the connection. If the server sends on, the peer has
    // only shut down its writing half.
    void end_of_peer(std::vector<Step>& when, int party, std::size_t index) {
        Conversation& own = at(party);
        if (own.peer_gone) {
            return;
        }
        if (!own.blocked) {
            read_answer(when, party, buffers_.readable(party));
        }
        const std::size_t next = index < parties_.calls ? parties_.next[index] : parties_.calls;
        const bool sends_on = next < parties_.calls && call_at(next).kind == CapturedKind::send;
        Step step = step_of(sends_on ? StepKind::peer_shutdown : StepKind::peer_close, party);
        step.choice = sends_on ? static_cast<std::uint8_t>(Shut::write) : std::uint8_t{0};
        when.push_back(step);
        own.peer_gone = true;
    }

    [[nodiscard]] static bool is_whole(const CapturedCall& call) {
        return call.kind == CapturedKind::send && !call.failed() &&
               static_cast<std::uint64_t>(call.result) == call.asked_bytes;
    }

    // Sends one behind the other that moved all they were asked to are one.
    std::size_t sent(const CapturedHandler& handler, std::size_t place) {
        const int party = parties_.of_call[handler.calls[place]];
        Conversation& own = at(party);
        own.answered = true;
        std::size_t count = 0;
        std::uint64_t bytes = 0;
        while (place + count < handler.calls.size() && is_whole(call_at(handler.calls[place + count])) &&
               parties_.of_call[handler.calls[place + count]] == party) {
            bytes += call_at(handler.calls[place + count]).asked_bytes;
            ++count;
        }
        write_whole(party, bytes);
        if (count == 0) {
            count = 1;
            write_part(call_at(handler.calls[place]), party);
        } else {
            own.blocked = false;
        }
        touched_[party] = handler.calls[place + count - 1];
        return count;
    }

    void write_whole(int party, std::uint64_t bytes) {
        const std::uint64_t most = std::min<std::uint64_t>(k_most_transfer_bytes, buffers_.size_bytes());
        while (bytes > 0) {
            const std::uint64_t piece = std::min(bytes, most);
            read_answer(reaction_, party, buffers_.owed_before_whole(party, piece));
            reaction_.push_back(step_of(StepKind::write, party, piece));
            buffers_.sent(party, piece);
            bytes -= piece;
        }
    }

    void write_part(const CapturedCall& call, int party) {
        Conversation& own = at(party);
        if (call.failed() && call.error != EAGAIN) {
            if (!own.peer_gone) {
                reaction_.push_back(step_of(StepKind::peer_reset, party));
            }
            own.peer_gone = true;
            reaction_.push_back(step_of(StepKind::write, party, asked(call)));
            return;
        }
        const std::uint64_t moved = call.failed() ? 0 : static_cast<std::uint64_t>(call.result);
        const std::uint64_t whole = moved - moved % k_most_transfer_bytes;
        write_whole(party, whole);
        read_answer(reaction_, party, buffers_.owed_before_part(party));
        reaction_.push_back(
            step_of(StepKind::write, party, std::min(call.asked_bytes - whole, k_most_transfer_bytes)));
        buffers_.sent(party, moved - whole);
        buffers_.filled(party);
        own.blocked = true;
    }

    // What the answer to a client is waited for from. To hear that the client is gone nginx watches it for writing, too.
    void dialled(const CapturedHandler& handler, std::size_t index) {
        if (handler.party >= 0 && !is_dialled(handler.party) &&
            handler.called_for != CalledFor::application) {
            Conversation& client = at(handler.party);
            client.by_upstream = true;
            if (!client.waits_to_send) {
                client.waits_to_send = true;
                reaction_.push_back(half_step(StepKind::add, handler.party, Half::write));
                reaction_.back().flags = k_flag_et;
            }
        }
        const int party = parties_.made_by_call[index];
        reaction_.push_back(step_of(StepKind::dial, party));
        reaction_.back().choice = static_cast<std::uint8_t>(outcome_of(index));
        at(party).is_dropped = outcome_of(index) == ConnectOutcome::dropped;
        set_timer(party, Half::write, Patience::upstream);
    }

    // By what the server did with it next: closed it at once, or when it had waited, or went on.
    [[nodiscard]] ConnectOutcome outcome_of(std::size_t connect) const {
        constexpr std::uint64_t k_patient_us = 900'000; // nobody configures less than a second
        const std::size_t next = parties_.next[connect];
        if (next >= parties_.calls || call_at(next).kind != CapturedKind::close) {
            return ConnectOutcome::accepted;
        }
        return call_at(next).begin_us > call_at(connect).begin_us + k_patient_us ? ConnectOutcome::dropped
                                                                                 : ConnectOutcome::refused;
    }

    [[nodiscard]] bool is_dialled(int party) const {
        return party >= 0 && party_at(party).kind == CapturedPartyKind::dialled;
    }

    // It waits to send the rest of the request, or for the answer.
    void settle_upstream(int party) {
        if (at(party).blocked) {
            wait_for(party, Half::write, Patience::upstream);
        } else if (at(party).was_asked) {
            delete_timer(party, Half::write);
            set_timer(party, Half::read, Patience::upstream);
        }
    }

    // What nginx does when a handler has done what it could for this connection: it waits for what comes next.
    void settle(int party, std::size_t last_call) {
        Conversation& own = at(party);
        if (party_at(party).kind == CapturedPartyKind::listener) {
            return;
        }
        if (party_at(party).kind == CapturedPartyKind::before &&
            made_.turns_with_unknown_timers > turn_ + 1) {
            know_timers(party);
        }
        if (!own.open) {
            return;
        }
        if (is_dialled(party)) {
            settle_upstream(party);
            return;
        }
        const std::size_t next = parties_.next[last_call];
        const bool sends_next = next < parties_.calls && call_at(next).kind == CapturedKind::send;
        if (own.lingering) {
            wait_for(party, Half::read, Patience::lingering);
        } else if (own.blocked) {
            delete_timer(party, Half::read);
            wait_for(party, Half::write, Patience::send);
        } else if (sends_next && own.by_upstream) {
            delete_timer(party, Half::read);
            reaction_.push_back(half_step(StepKind::handle, party, Half::read));
        } else if (sends_next) {
            // A thread works for it; the answer will be sent from there.
            delete_timer(party, Half::read);
            wait_for(party, Half::write, Patience::send);
        } else if (own.answered) {
            delete_timer(party, Half::write);
            delete_timer(party, Half::read);
            wait_for(party, Half::read, Patience::keepalive);
            own.kept_alive = true;
            own.answered = false;
            own.by_upstream = false;
        } else {
            // The rest of the request is to come.
            if (own.kept_alive) {
                own.kept_alive = false;
                delete_timer(party, Half::read);
                set_timer(party, Half::read, Patience::request);
            }
            reaction_.push_back(half_step(StepKind::handle, party, Half::read));
        }
    }

    void wait_for(int party, Half half, Patience patience) {
        at(party).waits_to_send = at(party).waits_to_send || half == Half::write;
        set_timer(party, half, patience);
        reaction_.push_back(half_step(StepKind::handle, party, half));
    }

    [[nodiscard]] PatientTimer& timer_of(int party, Half half) {
        return at(party).timers[static_cast<unsigned>(half)];
    }

    void set_timer(int party, Half half, Patience patience) {
        constexpr std::uint64_t k_lazy_ms = 300; // a timer that is set again so soon keeps its time
        const std::uint64_t ms = times_[static_cast<unsigned>(patience)];
        reaction_.push_back(half_step(StepKind::timer, party, half, ms));
        PatientTimer& timer = timer_of(party, half);
        if (!timer.is_set || timer.patience != patience || turn_ms_ >= timer.set_at_ms + k_lazy_ms) {
            timer = {true, patience, turn_ms_};
        }
    }

    void delete_timer(int party, Half half) {
        PatientTimer& timer = timer_of(party, half);
        if (timer.is_set) {
            reaction_.push_back(half_step(StepKind::untimer, party, half));
            timer.is_set = false;
        }
    }

    // A handler that does nothing but close was called for its timer: so long the application waits.
    void learn_time(const CapturedHandler& handler) {
        const bool is_event = handler.called_for == CalledFor::read || handler.called_for == CalledFor::write;
        if (!is_event || handler.calls.empty() ||
            call_at(handler.calls.front()).kind != CapturedKind::close) {
            return;
        }
        const PatientTimer& timer =
            timer_of(handler.party, handler.called_for == CalledFor::read ? Half::read : Half::write);
        if (!timer.is_set || turn_ms_ <= timer.set_at_ms) {
            return;
        }
        // Times are configured in seconds, and fire a little late.
        constexpr std::uint64_t k_late_ms = 100;
        const std::uint64_t ms = turn_ms_ - timer.set_at_ms;
        learned_[static_cast<unsigned>(timer.patience)] =
            ms % 1000 < k_late_ms && ms >= 1000 ? ms - ms % 1000 : ms;
    }

    // The first turn in which every connection from before the capture has been dealt with.
    void know_timers(int party) {
        known_[party] = true;
        for (std::size_t i = 0; i < parties_.parties.size(); ++i) {
            if (parties_.parties[i].kind == CapturedPartyKind::before && !known_[static_cast<int>(i)]) {
                return;
            }
        }
        made_.turns_with_unknown_timers = turn_ + 1;
    }

    void add_reaction(const CapturedHandler& handler) {
        if (reaction_.size() > k_max_actions) {
            note(handler.calls.front(), "the handler does " + std::to_string(reaction_.size()) +
                                            " things, and a reaction has room for " +
                                            std::to_string(k_max_actions) + ": the rest is left out");
            reaction_.resize(k_max_actions);
        }
        Step step;
        switch (handler.called_for) {
        case CalledFor::application:
            application_.insert(application_.end(), reaction_.begin(), reaction_.end());
            return;
        case CalledFor::accept: step = step_of(StepKind::on_accept, party_at(handler.party).listener); break;
        case CalledFor::read: step = half_step(StepKind::on, handler.party, Half::read); break;
        case CalledFor::write: step = half_step(StepKind::on, handler.party, Half::write); break;
        case CalledFor::notify: step = step_of(StepKind::on_notify, 0, 1); break;
        }
        step.nested = static_cast<std::uint32_t>(reaction_.size());
        add(step);
        for (const Step& nested : reaction_) {
            add(nested);
        }
    }

    // The scenario is run to its end whatever the reactor makes of it: each step makes few calls.
    void count_budget() {
        constexpr std::uint64_t k_most_budget = 10'000'000;
        std::uint64_t calls = 1000;
        for (const Step& step : steps()) {
            calls += step.kind == StepKind::turn ? 4 : 2;
        }
        made_.text.scenario.config.budget =
            static_cast<std::uint32_t>(std::clamp<std::uint64_t>(calls, Config{}.budget, k_most_budget));
    }

    const Capture& capture_;
    Times times_;
    Times learned_;
    CapturedParties parties_;
    std::vector<CapturedTurn> turns_;
    PeerBuffers buffers_;
    std::vector<Conversation> conversations_; // by party
    ImportedCapture made_;
    std::vector<Comment> comments_;
    std::size_t turn_ = 0;
    std::uint64_t turn_ms_ = 0; // when its wait ended, in the capture
    std::uint64_t now_ms_ = 0;  // in the scenario
    std::map<int, bool> known_; // parties from before the capture whose timers are known by now
    // Of the turn: what peers did until its wait ended, and what the application does behind it.
    std::vector<Step> peers_;
    std::vector<Step> application_;
    bool has_posted_ = false;      // an event waits already: the wait will not sleep
    bool answers_connect_ = false; // the loopback has answered a connect of the turn before
    // Of the handler.
    std::vector<Step> reaction_;
    std::map<int, std::size_t> touched_; // parties, and the last call about each
};

} // namespace

// Twice: what the first run learns of the application's times, the second one uses.
ImportedCapture import_capture(const Capture& capture) {
    Importer first(capture, k_default_times);
    ImportedCapture made = first.run();
    return first.learned() == k_default_times ? made : Importer(capture, first.learned()).run();
}

} // namespace edgecase
