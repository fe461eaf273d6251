#include "second_path.hpp"

#include <boost/asio/read.hpp>

namespace two_path::tests {
namespace {

ftp::ServerOptions quick() {
    ftp::ServerOptions options;
    options.login_failure_delay = std::chrono::milliseconds(0);
    return options;
}

/// The device's side of a pull: compares the plugin's proof, gives its own.
struct PullingDevice {
    const Ticket& ticket;
    LoginScript& script;

    std::optional<std::string> answer(const std::string& challenge) const {
        script.challenge = challenge;
        std::string right;
        const auto first = challenge.find(' ');
        const auto second = challenge.find(' ', first + 1);
        if (second != std::string::npos) {
            const auto nonce = challenge.substr(first + 1, second - first - 1);
            const ProofInput input{Mode::pull, ticket.session, script.client_nonce, nonce};
            const bool equal =
                ticket.certification.proves(challenge.substr(second + 1), Party::plugin, input);
            if (!equal && !script.password) return std::nullopt;
            right = ticket.certification.proof(Party::device, input);
        }
        script.sent = script.password ? script.password(challenge, right) : right;
        return script.sent;
    }
};

awaitable<std::optional<std::string>> give(std::optional<std::string> answer) {
    co_return answer;
}

} // namespace

SecondPath::SecondPath(bulk::PullSettings settings)
  : pull_({network_.get_executor(), worker_.get_executor(), worker_.get_executor()}, world_.admission(),
          world_.payloads(), pacing_, settings)
  , server_(network_.get_executor(), pull_, quick()) {
    world_.admission().on_dead(
        [this](const std::string& session, const std::string& why) { pull_.dead(session, why); });
    const auto failed = server_.listen({boost::asio::ip::address_v4::loopback(), 0});
    BOOST_REQUIRE_MESSAGE(!failed, failed.message());
    thread_ = std::thread([this] { worker_.run(); });
}

SecondPath::~SecondPath() {
    boost::asio::co_spawn(network_, server_.stop(std::chrono::milliseconds(0)), [](std::exception_ptr) {});
    network_.restart();
    network_.run_for(std::chrono::seconds(20));
    busy_.reset();
    thread_.join();
}

Ticket SecondPath::ticket(const std::string& device, const std::string& bytes, bool stored) {
    return on_worker([&](PluginWorld& world) {
        const auto release = "release-of-" + device;
        if (!world.store().release(release)) world.publish(world.describe(release, "2.0", bytes));
        const auto descriptor = world.store().release(release)->descriptor;
        world.deploy(device, descriptor, "deployment-1");
        const auto reply = world.open(device, PluginWorld::request(descriptor)).value();
        if (stored) world.sessions().stored(device, reply.session).value();
        return Ticket{device, reply.session, Certification::parse(*reply.certification).value()};
    });
}

state::Session SecondPath::session(const Ticket& ticket) {
    return on_worker([&](PluginWorld& world) {
        auto session = world.store().session(ticket.session).value();
        session.sent += world.admission().unsaved(ticket.session);
        return session;
    });
}

std::unique_ptr<ftp::Client> SecondPath::connect() {
    auto client = std::make_unique<ftp::Client>(network_.get_executor());
    const auto connected = drive(client->connect(server_.local_endpoint()));
    BOOST_REQUIRE(connected);
    return client;
}

ftp::Outcome<std::string> SecondPath::login(ftp::Client& client, const Ticket& ticket, LoginScript& script) {
    const auto user = script.user.empty() ? ticket.session + "." + script.client_nonce : script.user;
    const PullingDevice device{ticket, script};
    return drive(client.login(
        user, [&device](const std::string& challenge) { return give(device.answer(challenge)); }));
}

ftp::Outcome<std::string> SecondPath::fetch(ftp::Client& client, const std::string& id,
                                            std::uint64_t offset) {
    return drive(fetch_all(client, id, offset));
}

awaitable<ftp::Outcome<std::string>> SecondPath::fetch_all(ftp::Client& client, std::string id,
                                                           std::uint64_t offset) {
    auto data = co_await client.retrieve(std::move(id), offset);
    if (!data) co_return data.error();
    boost::asio::ip::tcp::socket socket(network_, boost::asio::ip::tcp::v4(), data->release());
    std::string bytes;
    boost::system::error_code ec;
    const auto buffer = boost::asio::dynamic_buffer(bytes);
    co_await boost::asio::async_read(socket, buffer, into(ec));
    socket.close();
    const auto finished = co_await client.finish();
    if (!finished) co_return finished.error();
    co_return bytes;
}

void SecondPath::await_connections(std::size_t count) {
    while (server_.connections() != count)
        BOOST_REQUIRE_MESSAGE(network_.run_one_for(std::chrono::seconds(20)) > 0, "nothing happens");
}

} // namespace two_path::tests
