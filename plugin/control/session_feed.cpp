#include "plugin/control/session_feed.hpp"

#include "plugin/control/session_view.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace two_path::control {
namespace {

using boost::system::error_code;
using std::chrono::steady_clock;

/// Of each kind in a snapshot: the newest, and those that have not ended.
constexpr std::size_t most_in_snapshot = 500;

std::string event(std::string_view name, const json::value& data) {
    return std::string("event: ")
        .append(name)
        .append("\ndata: ")
        .append(json::serialize(data))
        .append("\n\n");
}

} // namespace

class SessionFeed::Watcher final : public BodyStream {
  public:
    Watcher(SessionFeed& feed, std::string bearer, boost::asio::ip::address client)
      : feed_(feed)
      , bearer_(std::move(bearer))
      , client_(std::move(client))
      , timer_(feed.worker_)
      , check_due_(steady_clock::now() + feed.rules_.heartbeat)
      , progress_due_(steady_clock::now()) {}

    awaitable<std::string> next() override;
    void close() override {
        closed_ = true;
        timer_.cancel();
    }

    void changed(const std::string& session) {
        if (snapshot_due_) return;
        changed_.insert(session);
        if (changed_.size() > feed_.rules_.most_waiting) snapshot_due_ = true;
        timer_.cancel();
    }
    void progressed(const std::string& session) {
        const bool first = progressed_.empty();
        progressed_.insert(session);
        if (first) timer_.cancel();
    }
    [[nodiscard]] bool closed() const { return closed_; }

  private:
    /// What there is to tell now; empty when nothing is.
    std::string news();
    std::string snapshot();
    std::string sessions();
    std::string progress();
    [[nodiscard]] steady_clock::time_point next_due() const {
        return progressed_.empty() ? check_due_ : std::min(check_due_, progress_due_);
    }

    SessionFeed& feed_;
    std::string bearer_;
    boost::asio::ip::address client_;
    boost::asio::steady_timer timer_;
    steady_clock::time_point check_due_;
    steady_clock::time_point progress_due_;
    std::set<std::string> changed_;
    std::set<std::string> progressed_;
    bool snapshot_due_{true};
    bool closed_{false};
};

awaitable<std::string> SessionFeed::Watcher::next() {
    while (!closed_) {
        if (steady_clock::now() >= check_due_) {
            const auto user = co_await feed_.host_.operator_of(bearer_, client_);
            if (!user && user.error().code != Errc::unavailable) {
                closed_ = true;
                co_return event("end", json::object{{"reason", info(user.error().code).reason}});
            }
            check_due_ = steady_clock::now() + feed_.rules_.heartbeat;
            co_return std::string(": alive\n\n");
        }
        auto text = news();
        if (!text.empty()) co_return text;
        timer_.expires_at(next_due());
        error_code ec;
        co_await timer_.async_wait(into(ec));
    }
    co_return std::string();
}

std::string SessionFeed::Watcher::news() {
    if (snapshot_due_) return snapshot();
    if (!changed_.empty()) return sessions();
    if (!progressed_.empty() && steady_clock::now() >= progress_due_) return progress();
    return {};
}

std::string SessionFeed::Watcher::snapshot() {
    snapshot_due_ = false;
    changed_.clear();
    progressed_.clear();
    auto shown = feed_.store_.sessions({{}, {}, std::nullopt, most_in_snapshot});
    auto running = feed_.store_.unfinished();
    if (running.size() > most_in_snapshot)
        running.erase(running.begin(), running.end() - static_cast<std::ptrdiff_t>(most_in_snapshot));
    std::set<std::string, std::less<>> known;
    for (const auto& session : shown)
        known.insert(session.id);
    std::reverse(running.begin(), running.end());
    for (auto& session : running)
        if (!known.contains(session.id)) shown.push_back(std::move(session));

    json::array list;
    for (const auto& session : shown)
        list.push_back(live_view(feed_.store_, feed_.admission_, session));
    return event("snapshot", json::object{{"sessions", std::move(list)}});
}

std::string SessionFeed::Watcher::sessions() {
    std::string text;
    for (const auto& id : std::exchange(changed_, {}))
        if (const auto session = feed_.store_.session(id))
            text.append(event("session", live_view(feed_.store_, feed_.admission_, *session)));
    return text;
}

std::string SessionFeed::Watcher::progress() {
    progress_due_ = steady_clock::now() + feed_.rules_.progress;
    json::object sent;
    for (const auto& id : std::exchange(progressed_, {}))
        if (const auto bytes = feed_.admission_.sent_of(id))
            sent[id] = json::object{{"sent", bytes->ftp}, {"sent_https", bytes->https}};
    return sent.empty() ? std::string() : event("progress", json::object{{"sessions", std::move(sent)}});
}

SessionFeed::SessionFeed(const boost::asio::any_io_executor& worker, host::Host& host, state::Store& store,
                         const state::Admission& admission, FeedRules rules)
  : worker_(worker)
  , host_(host)
  , store_(store)
  , admission_(admission)
  , rules_(rules) {}

SessionFeed::~SessionFeed() = default;

void SessionFeed::changed(const std::string& session) {
    for (const auto& watcher : watchers_)
        if (const auto one = watcher.lock()) one->changed(session);
}

void SessionFeed::progressed(const std::string& session) {
    for (const auto& watcher : watchers_)
        if (const auto one = watcher.lock()) one->progressed(session);
}

Result<std::shared_ptr<BodyStream>> SessionFeed::watch(std::string bearer, boost::asio::ip::address client) {
    if (watchers() >= rules_.most_watchers)
        return fail(Errc::busy, std::to_string(rules_.most_watchers) + " watch already");
    auto watcher = std::make_shared<Watcher>(*this, std::move(bearer), std::move(client));
    watchers_.push_back(watcher);
    return std::shared_ptr<BodyStream>(std::move(watcher));
}

std::size_t SessionFeed::watchers() {
    std::erase_if(watchers_, [](const std::weak_ptr<Watcher>& watcher) {
        const auto one = watcher.lock();
        return !one || one->closed();
    });
    return watchers_.size();
}

} // namespace two_path::control
