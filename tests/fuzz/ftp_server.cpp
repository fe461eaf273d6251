// What an FTP client says to the plugin: its lines against the server's dialogue, with owner and data
// connection played by the first byte of each line of the input.
#include "ftp/line.hpp"
#include "ftp/server_dialogue.hpp"
#include "tests/fuzz/target.hpp"

#include <optional>

using namespace two_path;
using namespace two_path::fuzz;

namespace {

using Step = ftp::ServerDialogue::Step;
using Do = ftp::ServerDialogue::Do;

/// One control connection, and all that answers the dialogue's questions.
class World {
  public:
    bool over() const noexcept { return over_; }
    std::size_t line_limit() const noexcept { return dialogue_.line_limit(); }

    void greet() { follow(dialogue_.connected(), 0); }

    void hear(const ftp::Line& line, unsigned choice) {
        if (dialogue_.wants_line()) follow(dialogue_.line(line), choice);
    }

    /// What else may happen to a connection.
    void happen(unsigned choice) {
        switch (choice % 8) {
        case 0:
            if (transfer_ && !connected_) {
                connected_ = true;
                follow(dialogue_.data_connected(), choice);
            }
            break;
        case 1:
            end_transfer(choice);
            break;
        case 2:
            follow(dialogue_.stopping(), choice);
            break;
        default:
            break;
        }
        while (auto step = over_ ? std::nullopt : dialogue_.queued())
            follow(std::move(*step), choice);
    }

  private:
    void end_transfer(unsigned choice) {
        if (!transfer_) return;
        transfer_ = connected_ = false;
        constexpr auto last = static_cast<unsigned>(ftp::DataEnd::too_long);
        follow(dialogue_.data_ended(static_cast<ftp::DataEnd>(choice / 8 % (last + 1))), choice);
    }

    void follow(Step step, unsigned choice) {
        for (std::optional<Step> next = std::move(step); next;)
            next = carry_out(*next, choice);
    }

    std::optional<Step> carry_out(const Step& step, unsigned choice) {
        promise(step.reply.empty() || step.reply.ends_with("\r\n"), "a reply ends its line");
        promise(step.reply.size() <= 4096, "a reply is bounded");
        promise(step.argument.size() <= 1024 && ftp::printable(step.argument), "an argument is printable");
        switch (step.what) {
        case Do::nothing:
            return {};
        case Do::challenge:
            return dialogue_.challenged("certify");
        case Do::authenticate:
            return dialogue_.authenticated(choice % 2 ? std::optional<std::string>("in") : std::nullopt);
        case Do::size:
            need_login();
            return dialogue_.sized(answer<std::uint64_t>(choice, 1000));
        case Do::open:
            need_login();
            return dialogue_.opened(answer<std::uint64_t>(choice, 1000));
        case Do::store:
            need_login();
            return dialogue_.allotted(answer<ftp::Space>(choice, {10, 1000, choice % 2 == 0}));
        case Do::listen:
            need_login();
            if (choice % 4 == 3) return dialogue_.listening({});
            return dialogue_.listening(ftp::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 4711));
        case Do::transfer:
            need_login();
            promise(step.offset <= 1000, "a transfer begins within the file");
            transfer_ = true;
            return {};
        case Do::receive:
            need_login();
            promise(step.offset <= step.size, "what is received ends behind its begin");
            transfer_ = true;
            return {};
        case Do::stop:
            end_transfer(choice);
            return {};
        case Do::cut:
            transfer_ = connected_ = false;
            return {};
        case Do::close:
            over_ = true;
            return {};
        }
        return {};
    }

    template<class T>
    static std::variant<T, ftp::Refusal> answer(unsigned choice, T value) {
        if (choice % 4 != 3) return value;
        return static_cast<ftp::Refusal>(choice / 4 % (static_cast<unsigned>(ftp::Refusal::unserved) + 1));
    }

    void need_login() const { promise(dialogue_.logged_in(), "no file and no data without a login"); }

    ftp::ServerDialogue dialogue_{{"two-path", 3, false}};
    bool transfer_{false};
    bool connected_{false};
    bool over_{false};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = text_of(data, size);
    World world;
    ftp::LineSplitter lines;
    world.greet();
    while (!input.empty() && !world.over()) {
        const auto choice = static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
        lines.feed(take_until(input, "\n"));
        lines.feed("\n");
        while (const auto line = world.over() ? std::nullopt : lines.next(world.line_limit()))
            world.hear(*line, choice);
        if (!world.over()) world.happen(choice / 16);
    }
    return 0;
}
