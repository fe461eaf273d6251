#include "ftp/client.hpp"

#include "ftp/client_dialogue.hpp"
#include "ftp/command.hpp"
#include "ftp/deadline.hpp"
#include "ftp/file_sender.hpp"
#include "ftp/line.hpp"
#include "ftp/socket.hpp"

#include <array>
#include <boost/asio/write.hpp>

namespace two_path::ftp {
namespace {

using Request = ClientDialogue::Request;
using Verdict = ClientDialogue::Verdict;

constexpr std::size_t max_line = 1024;
constexpr std::size_t max_before_login = 4096;

} // namespace

/// One control connection and its dialogue.
struct Client::State {
    State(const asio::any_io_executor& executor, const ClientOptions& options_)
      : options(options_)
      , control(executor)
      , data(executor)
      , reply_deadline(executor, [this] { expire(); })
      , login_deadline(executor, [this] { expire(); }) {}

    void expire() {
        timed_out = true;
        close();
    }

    void close() noexcept {
        error_code ec;
        control.close(ec);
        data.close(ec);
    }

    /// The connection is of no more use.
    Failure fail(error_code why, Reply said = {}) {
        close();
        if (timed_out)
            why = Errc::timed_out;
        else if (why == asio::error::operation_aborted || why == asio::error::bad_descriptor ||
                 why == asio::error::eof || why == asio::error::connection_reset ||
                 why == asio::error::broken_pipe)
            why = Errc::closed;
        return {why, std::move(said)};
    }

    milliseconds time_for(Request request) const noexcept {
        if (request == Request::banner) return options.banner_time;
        return request == Request::result && storing ? options.verdict_time : options.reply_time;
    }

    awaitable<Outcome<Reply>> request(Request request, std::string argument = {});
    awaitable<Outcome<Reply>> await_reply();
    awaitable<Outcome<Reply>> read_reply();
    awaitable<Outcome<void>> be_binary();
    awaitable<Outcome<void>> connect(tcp::socket& socket, tcp::endpoint endpoint);
    awaitable<Outcome<std::uint16_t>> passive_port();
    awaitable<Outcome<void>> start(Request transfer, std::string name, std::uint64_t offset);
    awaitable<Outcome<std::uint64_t>> stored(std::string name);
    awaitable<DataEnd> send(const Upload& upload, std::uint64_t offset);
    awaitable<Outcome<void>> result();

    const ClientOptions options;
    tcp::socket control;
    tcp::socket data; ///< while it is being set up, and while we send
    tcp::endpoint server;
    Deadline reply_deadline;
    Deadline login_deadline;
    ClientDialogue dialogue;
    LineSplitter lines;
    ReplyParser parser;
    std::size_t received = 0; ///< bytes before login
    std::uint64_t rate = 0;   ///< of what is sent
    bool timed_out = false;
    bool storing = false; ///< the running transfer is a STOR
    bool binary = false;
    bool extended_refused = false; ///< the server knows no EPSV
};

/// Sends what the request needs and waits until its reply is judged.
awaitable<Outcome<Reply>> Client::State::request(Request request, std::string argument) {
    const auto line = dialogue.begin(request, argument);
    if (!line) co_return Failure(line.error());
    error_code ec;
    reply_deadline.expires_after(time_for(request));
    co_await asio::async_write(control, asio::buffer(*line), into(ec));
    if (ec) co_return fail(ec);
    auto reply = co_await await_reply();
    reply_deadline.cancel();
    co_return reply;
}

awaitable<Outcome<Reply>> Client::State::await_reply() {
    for (;;) {
        auto reply = co_await read_reply();
        if (!reply) co_return reply;
        switch (dialogue.judge(*reply)) {
        case Verdict::accepted:
            co_return reply;
        case Verdict::more:
            continue;
        case Verdict::refused:
            if (reply->code == 421) co_return fail(Errc::refused, *reply);
            co_return Failure(Errc::refused, *reply);
        case Verdict::unexpected:
            co_return fail(Errc::unexpected_reply, *reply);
        }
    }
}

awaitable<Outcome<Reply>> Client::State::read_reply() {
    for (;;) {
        if (const auto line = lines.next(max_line)) {
            if (line->kind == Line::Kind::too_long) co_return fail(Errc::too_long);
            if (line->kind == Line::Kind::malformed) co_return fail(Errc::malformed);
            switch (parser.line(line->text)) {
            case ReplyParser::State::more:
                continue;
            case ReplyParser::State::complete:
                co_return parser.take();
            case ReplyParser::State::malformed:
                co_return fail(Errc::malformed);
            case ReplyParser::State::too_long:
                co_return fail(Errc::too_long);
            }
        }
        std::array<char, 512> bytes;
        error_code ec;
        const auto count = co_await control.async_read_some(asio::buffer(bytes), into(ec));
        if (ec) co_return fail(ec);
        lines.feed({bytes.data(), count});
        if (!dialogue.logged_in() && (received += count) > max_before_login) co_return fail(Errc::too_long);
    }
}

awaitable<Outcome<void>> Client::State::connect(tcp::socket& socket, tcp::endpoint endpoint) {
    error_code ec;
    reply_deadline.expires_after(options.connect_time);
    co_await socket.async_connect(endpoint, into(ec));
    reply_deadline.cancel();
    if (ec) co_return fail(ec);
    set_options(socket, options.unacknowledged_time);
    co_return boost::system::in_place_value;
}

awaitable<Outcome<void>> Client::State::be_binary() {
    if (binary) co_return boost::system::in_place_value;
    const auto reply = co_await request(Request::type);
    if (!reply) co_return reply.error();
    binary = true;
    co_return boost::system::in_place_value;
}

awaitable<Outcome<std::uint16_t>> Client::State::passive_port() {
    std::optional<std::uint16_t> port;
    if (!extended_refused) {
        const auto reply = co_await request(Request::extended_passive);
        if (!reply && reply.error().error != Errc::refused) co_return reply.error();
        extended_refused = !reply && reply.error().reply.kind() == 5 && server.address().is_v4();
        if (!reply && !extended_refused) co_return reply.error();
        if (reply) port = parse_extended_passive(reply->text);
    }
    if (extended_refused) {
        const auto reply = co_await request(Request::passive);
        if (!reply) co_return reply.error();
        port = parse_passive(reply->text);
    }
    if (!port || !options.data_ports.contains(*port)) co_return fail(Errc::bad_port);
    co_return *port;
}

/// Sets the data connection up and asks for the transfer.
awaitable<Outcome<void>> Client::State::start(Request transfer, std::string name, std::uint64_t offset) {
    const auto port = co_await passive_port();
    if (!port) co_return port.error();
    // Servers wait for the data connection before they say 150.
    const auto connected = co_await connect(data, tcp::endpoint(server.address(), *port));
    if (!connected) co_return connected;
    Outcome<Reply> reply = Reply();
    if (offset > 0) reply = co_await request(Request::restart, std::to_string(offset));
    if (reply) reply = co_await request(transfer, std::move(name));
    if (reply) co_return boost::system::in_place_value;
    error_code ec;
    data.close(ec);
    co_return reply.error();
}

/// What the server already holds; nothing where it knows no such file, or no SIZE.
awaitable<Outcome<std::uint64_t>> Client::State::stored(std::string name) {
    const auto reply = co_await request(Request::size, std::move(name));
    if (!reply && reply.error().error == Errc::refused && reply.error().reply.kind() == 5) co_return 0U;
    if (!reply) co_return reply.error();
    const auto size = parse_number(reply->text);
    if (!size) co_return fail(Errc::malformed, *reply);
    co_return *size;
}

awaitable<DataEnd> Client::State::send(const Upload& upload, std::uint64_t offset) {
    error_code ec;
    data.native_non_blocking(true, ec);
    if (rate != 0) set_rate(data, rate);
    FileSender sender(data, {options.data_progress_time, options.least_rate});
    auto position = offset;
    const std::function<void(std::uint64_t)> sent = [&](std::uint64_t bytes) {
        position += bytes;
        if (upload.progress) upload.progress(position);
    };
    sent(0);
    const FilePart part{upload.file, offset, upload.size};
    const auto end = co_await sender.send(part, sent);
    if (end == DataEnd::whole)
        data.close(ec); // servers wait for that before they reply
    else if (data.is_open())
        reset(data); // an end would look like the file's
    co_return end;
}

/// The final reply, or `unknown_outcome` when none came.
awaitable<Outcome<void>> Client::State::result() {
    const auto reply = co_await request(Request::result);
    if (reply) co_return boost::system::in_place_value;
    const auto& why = reply.error();
    const bool died =
        why.error == Errc::closed || why.error == Errc::timed_out || why.error.category() != error_category();
    if (died) co_return Failure(Errc::unknown_outcome);
    co_return why;
}

Client::Client(const asio::any_io_executor& executor, ClientOptions options)
  : state_(std::make_unique<State>(executor, options)) {}

Client::~Client() = default;

awaitable<Outcome<void>> Client::connect(tcp::endpoint server) {
    state_->server = unmapped(server);
    const auto connected = co_await state_->connect(state_->control, state_->server);
    if (!connected) co_return connected;
    const auto banner = co_await state_->request(Request::banner);
    if (!banner) co_return state_->fail(banner.error().error, banner.error().reply);
    co_return boost::system::in_place_value;
}

awaitable<Outcome<std::string>> Client::login(std::string user, Answer answer) {
    state_->login_deadline.expires_after(state_->options.login_time);
    const auto challenge = co_await state_->request(Request::user, std::move(user));
    if (!challenge) co_return challenge.error();
    auto password = co_await answer(challenge->text);
    if (!password) {
        co_await quit();
        co_return Failure(Errc::declined, *challenge);
    }
    auto reply = co_await state_->request(Request::password, std::move(*password));
    state_->login_deadline.cancel();
    if (!reply) co_return reply.error();
    co_return std::move(reply->text);
}

awaitable<Outcome<std::uint64_t>> Client::size(std::string name) {
    const auto binary = co_await state_->be_binary();
    if (!binary) co_return binary.error();
    const auto reply = co_await state_->request(Request::size, std::move(name));
    if (!reply) co_return reply.error();
    const auto size = parse_number(reply->text);
    if (!size) co_return state_->fail(Errc::malformed, *reply);
    co_return *size;
}

awaitable<Outcome<Descriptor>> Client::retrieve(std::string name, std::uint64_t offset) {
    const auto binary = co_await state_->be_binary();
    if (!binary) co_return binary.error();
    const auto started = co_await state_->start(Request::retrieve, std::move(name), offset);
    if (!started) co_return started.error();
    state_->storing = false;
    error_code ec;
    state_->data.native_non_blocking(false, ec);
    Descriptor data(state_->data.release(ec));
    if (ec) co_return state_->fail(ec);
    co_return std::move(data);
}

awaitable<Outcome<void>> Client::finish() {
    auto outcome = co_await state_->result();
    co_return outcome;
}

awaitable<Outcome<void>> Client::store(std::string name, Upload upload) {
    ignore_broken_pipes();
    const auto binary = co_await state_->be_binary();
    if (!binary) co_return binary.error();
    if (upload.offset > upload.size) co_return Failure(Errc::bad_argument);
    Outcome<std::uint64_t> stored = upload.offset.value_or(0);
    if (!upload.offset) stored = co_await state_->stored(name);
    if (!stored) co_return stored.error();
    // More than we have is no beginning of ours.
    const auto offset = *stored > upload.size ? 0 : *stored;
    const auto started = co_await state_->start(Request::store, std::move(name), offset);
    if (!started) co_return started.error();
    state_->storing = true;
    const auto end = co_await state_->send(upload, offset);
    const auto outcome = co_await state_->result();
    if (end == DataEnd::failed) co_return Failure(Errc::bad_file);
    // A server that is content without all bytes has not told the truth.
    if (end != DataEnd::whole && outcome) co_return Failure(Errc::unknown_outcome);
    co_return outcome;
}

void Client::pace(std::uint64_t bytes_per_second) {
    state_->rate = bytes_per_second;
    if (state_->data.is_open()) set_rate(state_->data, state_->rate);
}

awaitable<Outcome<void>> Client::abort() {
    const auto reply = co_await state_->request(Request::abort);
    if (!reply) co_return reply.error();
    co_return boost::system::in_place_value;
}

awaitable<void> Client::quit() {
    co_await state_->request(Request::quit);
    close();
}

void Client::close() noexcept {
    state_->close();
}

} // namespace two_path::ftp
