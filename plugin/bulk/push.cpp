#include "plugin/bulk/push.hpp"

#include "ftp/client.hpp"
#include "plugin/bulk/push_connection.hpp"
#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>

namespace two_path::bulk {
namespace {

using boost::asio::co_spawn;
using boost::asio::steady_timer;
using boost::asio::use_awaitable;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{15'000};
constexpr unsigned most_notes = 10; ///< in the session's trail

// The worker's half.

/// None for a certification that died, and for a receiver that the operator does not allow any more.
awaitable<std::optional<PushOrder>> order_of(state::Admission& admission, std::string session,
                                             PushRules rules) {
    const auto* pass = admission.find(session);
    if (pass == nullptr || !pass->receiver) co_return std::nullopt;
    if (!rules.served || !rules.ports.contains(pass->receiver->port)) co_return std::nullopt;
    PushOrder order{session, *pass->receiver, rules.ports, {}};
    for (const auto& file : pass->files)
        order.files.emplace_back(file.id, file.size);
    co_return order;
}

awaitable<void> note(state::Store& store, std::string session, std::string what) {
    auto found = store.session(session);
    if (found) store.note(*found, "push", "plugin", what);
    co_return;
}

/// Of what a peer said, for the session's trail.
std::string cleaned(std::string text) {
    constexpr std::size_t most = 300;
    text.resize(std::min(text.size(), most));
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

} // namespace

/// What is known of one session's delivery.
struct Push::Delivery {
    Delivery(std::string to, const boost::asio::any_io_executor& network)
      : session(std::move(to))
      , timer(network) {}

    std::string session;
    steady_timer timer;
    PushConnection* connection{nullptr}; ///< the one that runs
    bool over{false};
    milliseconds next_pause{first_pause};
    std::uint64_t reached{0}; ///< bytes that the device was seen to hold, of all files
    std::string noted;        ///< the last reason that was told
    unsigned notes{0};

    void end() {
        over = true;
        timer.cancel();
        if (connection != nullptr) connection->close();
    }
};

/// A connection that the delivery may close and the pacing may slow down, while it runs.
class Push::Registration {
  public:
    Registration(Delivery& delivery, PushConnection& connection, Pacing& pacing)
      : delivery_(delivery)
      , pacing_(pacing) {
        delivery_.connection = &connection;
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    /// Who only knocks takes no share of the rate.
    void logged_in() {
        auto* connection = delivery_.connection;
        pacing_.join(this, [connection](std::uint64_t rate) { connection->pace(rate); });
    }
    ~Registration() {
        pacing_.leave(this);
        delivery_.connection = nullptr;
    }

  private:
    Delivery& delivery_;
    Pacing& pacing_;
};

Push::Push(Executors executors, state::Store& store, state::Admission& admission,
           const catalog::Payloads& payloads, Pacing& pacing, PushRules rules)
  : executors_(std::move(executors))
  , store_(store)
  , admission_(admission)
  , payloads_(payloads)
  , pacing_(pacing)
  , rules_(std::move(rules))
  , all_ended_(executors_.network, steady_timer::time_point::max()) {}

Push::~Push() = default;

void Push::live(const std::string& session) {
    const auto* pass = admission_.find(session);
    if (pass == nullptr || pass->mode != Mode::push) return;
    boost::asio::post(executors_.network, [this, session] { begin(session); });
}

void Push::begin(const std::string& session) {
    if (stopping_ || deliveries_.contains(session)) return;
    const auto delivery = std::make_shared<Delivery>(session, executors_.network);
    deliveries_.emplace(session, delivery);
    co_spawn(executors_.network, deliver(delivery), [this, session](const std::exception_ptr& error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const std::exception& thrown) {
            log_of(Level::error, session, std::string("the push ended: ") + thrown.what());
        }
        ended(session);
    });
}

void Push::ended(const std::string& session) {
    deliveries_.erase(session);
    if (stopping_ && deliveries_.empty()) all_ended_.cancel();
}

void Push::dead(const std::string& session) {
    boost::asio::post(executors_.network, [this, session] {
        const auto found = deliveries_.find(session);
        if (found != deliveries_.end()) found->second->end();
    });
}

awaitable<void> Push::stop() {
    stopping_ = true;
    for (const auto& [session, delivery] : deliveries_)
        delivery->end();
    boost::system::error_code ec;
    if (!deliveries_.empty()) {
        co_await all_ended_.async_wait(into(ec));
    }
}

awaitable<void> Push::deliver(std::shared_ptr<Delivery> delivery) {
    while (!delivery->over) {
        std::string why;
        try {
            why = co_await attempt(delivery);
            if (why.empty() || delivery->over) co_return;
            co_await remark(delivery, cleaned(why));
        } catch (const std::exception& error) {
            log_of(Level::error, delivery->session, std::string("push: ") + error.what());
        }
        co_await pause(delivery);
    }
}

/// One connection to the device; why it has not brought everything, empty when there is nothing left to do.
awaitable<std::string> Push::attempt(std::shared_ptr<Delivery> delivery) {
    auto work = order_of(admission_, delivery->session, rules_);
    auto order = co_await co_spawn(executors_.worker, std::move(work), use_awaitable);
    if (!order || delivery->over) co_return std::string();
    PushConnection connection(executors_, admission_, payloads_, std::move(*order));
    Registration registration(*delivery, connection, pacing_);
    const std::function<void()> logged_in = [&registration] { registration.logged_in(); };
    auto why = co_await connection.deliver(logged_in);
    if (connection.reached() > delivery->reached) {
        delivery->reached = connection.reached();
        delivery->next_pause = first_pause;
    }
    co_return why;
}

awaitable<void> Push::remark(std::shared_ptr<Delivery> delivery, std::string why) {
    if (why == delivery->noted || delivery->notes == most_notes) co_return;
    delivery->noted = why;
    ++delivery->notes;
    auto work = note(store_, delivery->session, std::move(why));
    co_await co_spawn(executors_.worker, std::move(work), use_awaitable);
}

awaitable<void> Push::pause(std::shared_ptr<Delivery> delivery) {
    if (delivery->over) co_return;
    delivery->timer.expires_after(delivery->next_pause);
    delivery->next_pause = std::min(2 * delivery->next_pause, longest_pause);
    boost::system::error_code ec;
    co_await delivery->timer.async_wait(into(ec));
}

} // namespace two_path::bulk
