/// The sessions as they change, told to operators who watch: server-sent events (the HTML standard, section
/// 9.2).
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/admission.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace two_path::control {

struct FeedRules {
    std::size_t most_watchers{32}; ///< one more is busy
    /// Between two signs of life when nothing happens; also how often a watcher's token is looked at again.
    std::chrono::milliseconds heartbeat{15'000};
    std::chrono::milliseconds progress{1'000}; ///< between two reports of bytes
    /// Changed sessions that a slow reader has not taken yet; with more, it gets a new snapshot instead.
    std::size_t most_waiting{1'000};
};

/// Used by the worker only. What a watcher has not taken yet is kept as the names of sessions, and told as
/// they are when it reads on: so a slow reader misses steps between, never the last one, and costs little.
class SessionFeed {
  public:
    /// All referred to must outlive it, and it its watchers' last next().
    SessionFeed(const boost::asio::any_io_executor& worker, host::Host& host, state::Store& store,
                const state::Admission& admission, FeedRules rules = {});
    ~SessionFeed();

    /// For the store and the admission to call.
    void changed(const std::string& session);
    void progressed(const std::string& session);

    /// `snapshot` with the sessions that have not ended and the newest of the others, then `session` for each
    /// that changed and `progress` for those whose bytes move. Ends with `end` when `bearer`, which
    /// `client` shows, does not hold any more. busy: as many watch as may.
    [[nodiscard]] Result<std::shared_ptr<BodyStream>> watch(std::string bearer,
                                                            boost::asio::ip::address client);
    [[nodiscard]] std::size_t watchers();

  private:
    class Watcher;

    boost::asio::any_io_executor worker_;
    host::Host& host_;
    state::Store& store_;
    const state::Admission& admission_;
    FeedRules rules_;
    std::vector<std::weak_ptr<Watcher>> watchers_;
};

} // namespace two_path::control
