/// The plugin's parts around a session, on a folder and a clock of a test's own, without sockets.
#pragma once

#include "plugin/control/sessions.hpp"
#include "tests/support/scripted_host.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace two_path::tests {

/// Both clocks, turned by hand.
struct ManualClock {
    std::int64_t unix_time{1'800'000'000'000};
    std::int64_t steady{1'000'000};

    void pass(std::chrono::milliseconds time) {
        unix_time += time.count();
        steady += time.count();
    }
    [[nodiscard]] Clock clock() {
        return {[this] { return unix_time; }, [this] { return steady; }};
    }
};

/// Runs a coroutine to its end on a loop of its own.
template<class T>
T run(awaitable<T> work) {
    boost::asio::io_context loop;
    std::optional<T> result;
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error, T value) {
        thrown = error;
        result.emplace(std::move(value));
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*result);
}

inline void run(awaitable<void> work) {
    boost::asio::io_context loop;
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr error) { thrown = error; });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
}

/// What the plugin holds after `POST payloads` and `POST releases`, and what the host shows after a
/// deployment.
class PluginWorld {
  public:
    explicit PluginWorld(control::SessionRules rules = {"ftp.example", 2121, std::chrono::hours(24 * 7)})
      : rules_(std::move(rules)) {
        restart();
    }

    /// The plugin ends, as when it is asked to.
    void stop() {
        sessions_.reset();
        admission_.reset();
        store_.reset();
    }

    /// The state as the next start of the plugin finds it.
    void restart() {
        stop();
        store_.emplace(state::Store::open(folder.path(), time.clock()).value());
        payloads_.emplace(catalog::Payloads::open(folder.path()).value());
        admission_.emplace(*store_, state::Lifetimes{});
        admission_->on_dead(
            [this](const std::string& session, const std::string& why) { dead.emplace_back(session, why); });
        sessions_.emplace(*store_, *admission_, *payloads_, host, rules_);
    }

    /// A payload in the catalog; gives its id.
    std::string add_payload(const std::string& bytes) {
        auto incoming = payloads_->receive();
        incoming.value().write(bytes_of(bytes)).value();
        return incoming->finish({}).value().id;
    }

    /// A descriptor of one file, whose bytes are in the catalog.
    Descriptor describe(const std::string& release, const std::string& version, const std::string& bytes) {
        Descriptor descriptor;
        descriptor.release = release;
        descriptor.version = version;
        descriptor.stream = "app";
        descriptor.sequence = 1;
        descriptor.installer.type = "directory";
        descriptor.version_file = "/opt/app/VERSION";
        descriptor.block_size = Descriptor::min_block;
        DescriptorFile file;
        file.name = "app.tar";
        file.size = file.wire_size = bytes.size();
        file.id = file.sha256 = add_payload(bytes);
        WireDigester digester(descriptor.block_size);
        digester.update(bytes_of(bytes));
        const auto digests = digester.finish();
        for (const auto& list : digests.block_lists)
            file.blocks.emplace(list.kind(), digest_of(DigestKind::sha256, list.bytes()).hex());
        descriptor.files.push_back(std::move(file));
        return descriptor;
    }

    void publish(const Descriptor& descriptor) {
        store_->add_release({descriptor, json::serialize(to_json(descriptor)), time.unix_time});
    }

    /// What the host shows once the descriptor artifact is deployed.
    void deploy(const std::string& device, const Descriptor& descriptor, const std::string& deployment) {
        host::ActiveDeployment shown{deployment, descriptor.release, {}, {}};
        for (const auto& file : descriptor.files)
            for (const auto& [kind, digest] : file.blocks)
                shown.files.push_back({file.list_name(kind), digest});
        host.active[device] = shown;
    }

    /// As a device of this release asks.
    static messages::OpenRequest request(const Descriptor& descriptor) {
        messages::OpenRequest asked;
        asked.module_version = "0.1.0";
        asked.formats = {1};
        asked.attempt = make_nonce();
        asked.release = descriptor.release;
        for (const auto& file : descriptor.files)
            asked.files.push_back(file.id);
        asked.digests = {DigestKind::blake2b512, DigestKind::sha256};
        asked.version = "1.0";
        asked.device_type = "board";
        asked.boot_id = "boot-1";
        return asked;
    }

    Result<messages::OpenReply> open(const std::string& device, messages::OpenRequest asked) {
        return run(sessions_->open(device, std::move(asked), reached));
    }

    [[nodiscard]] state::Store& store() { return *store_; }
    [[nodiscard]] state::Admission& admission() { return *admission_; }
    [[nodiscard]] const catalog::Payloads& payloads() const { return *payloads_; }
    [[nodiscard]] control::Sessions& sessions() { return *sessions_; }

    /// The device's address, and ours.
    control::ClientAddresses reached{boost::asio::ip::make_address("192.0.2.9"),
                                     boost::asio::ip::make_address("192.0.2.1")};
    TemporaryFolder folder;
    ManualClock time;
    ScriptedHost host;
    std::vector<std::pair<std::string, std::string>> dead; ///< session and why, as the second path is told

  private:
    control::SessionRules rules_;
    std::optional<state::Store> store_;
    std::optional<catalog::Payloads> payloads_;
    std::optional<state::Admission> admission_;
    std::optional<control::Sessions> sessions_;
};

} // namespace two_path::tests
