/// The second path's server over loopback, with the plugin's state behind it on a thread of its own.
#pragma once

#include "ftp/client.hpp"
#include "ftp/server.hpp"
#include "plugin/bulk/pull.hpp"
#include "tests/support/plugin_world.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <thread>

namespace two_path::tests {

/// What a device knows after the first path has opened its session.
struct Ticket {
    std::string device;
    std::string session;
    Certification certification;
};

/// How a login differs from the right one, and what was said in it.
struct LoginScript {
    std::string client_nonce{make_nonce()};
    std::string user; ///< empty: `<session>.<client_nonce>`
    std::function<std::string(const std::string& challenge, std::string right)> password; ///< sent instead
    std::string challenge;                                                                ///< as it came
    std::string sent;                                                                     ///< the PASS
};

class SecondPath {
  public:
    explicit SecondPath(bulk::PullSettings settings = {});
    SecondPath(const SecondPath&) = delete;
    SecondPath& operator=(const SecondPath&) = delete;
    ~SecondPath();

    /// Publishes and deploys a release of one file and opens a session, whose certification the device
    /// stores.
    Ticket ticket(const std::string& device, const std::string& bytes, bool stored = true);

    /// Touches the plugin's state where it lives.
    template<class Work>
    auto on_worker(Work work) {
        std::packaged_task<decltype(work(world_))()> task([&] { return work(world_); });
        auto done = task.get_future();
        boost::asio::post(worker_, [&task] { task(); });
        return done.get();
    }
    state::Session session(const Ticket& ticket);

    std::unique_ptr<ftp::Client> connect();
    ftp::Outcome<std::string> login(ftp::Client& client, const Ticket& ticket, LoginScript& script);
    ftp::Outcome<std::string> login(ftp::Client& client, const Ticket& ticket) {
        LoginScript right;
        return login(client, ticket, right);
    }
    /// The whole file, or why not.
    ftp::Outcome<std::string> fetch(ftp::Client& client, const std::string& id, std::uint64_t offset = 0);

    /// Runs network work to its end while the server runs beside it.
    template<class T>
    T drive(awaitable<T> work) {
        std::optional<T> result;
        std::exception_ptr thrown;
        boost::asio::co_spawn(network_, std::move(work), [&](std::exception_ptr error, T value) {
            thrown = error;
            result.emplace(std::move(value));
        });
        while (!result)
            BOOST_REQUIRE_MESSAGE(network_.run_one_for(std::chrono::seconds(20)) > 0, "nothing happens");
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*result);
    }
    /// Until the server has so many connections.
    void await_connections(std::size_t count);

  private:
    awaitable<ftp::Outcome<std::string>> fetch_all(ftp::Client& client, std::string id, std::uint64_t offset);

    PluginWorld world_;
    boost::asio::io_context network_{1};
    boost::asio::io_context worker_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{worker_.get_executor()};
    bulk::Pacing pacing_;
    bulk::Pull pull_;
    ftp::Server server_;
    std::thread thread_;
};

} // namespace two_path::tests
