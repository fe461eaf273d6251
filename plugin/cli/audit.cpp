#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/server.hpp"

#include <boost/json/parse.hpp>

#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

/// Of one line; what the server writes is far shorter.
constexpr std::size_t max_line = 64 * 1024;

/// Takes bytes, gives whole lines that are not before `since`.
class Lines {
  public:
    Lines(std::ostream& out, std::string since)
      : out_(out)
      , since_(std::move(since)) {}

    Result<void> take(std::span<const std::uint8_t> bytes) {
        for (const auto byte : bytes) {
            line_.push_back(static_cast<char>(byte));
            if (byte == '\n') end_line();
            if (line_.size() > max_line) return fail(Errc::too_large, "a line of the audit trail has no end");
        }
        if (!out_) return fail(Errc::io_error, "the output was closed");
        return {};
    }

  private:
    /// A line that a power cut left is none.
    void end_line() {
        boost::system::error_code ec;
        const auto value = json::parse(line_, ec);
        if (!ec && value.is_object() && text_of(value.get_object(), "time") >= since_) out_ << line_;
        line_.clear();
    }

    std::ostream& out_;
    std::string since_; ///< RFC 3339 in UTC, so that its order is time's; or the beginning of one
    std::string line_;
};

Outcome write_out(const Server& server, const std::string& since, const Shell& shell) {
    const auto files = server.get(own_path("/audit"));
    if (!files) return files.error();
    if (!files->is_array()) return fail(Errc::no_route, "the list of the audit trail is none");
    Lines lines(shell.out, since);
    for (const auto& file : files->get_array()) {
        if (!file.is_object()) continue;
        const auto name = text_of(file.get_object(), "name");
        const auto taken =
            server.stream(own_path("/audit/" + encoded(name)),
                          [&](std::span<const std::uint8_t> bytes) { return lines.take(bytes); });
        // The oldest goes when a new one begins.
        if (!taken && taken.error().code != Errc::not_found) return taken.error();
    }
    return 0;
}

bool is_time(const std::string& text) {
    constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
    if (text.size() < 4 || text.size() > form.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !digit : text[i] != form[i]) return false;
    }
    return true;
}

} // namespace

Outcome audit(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line("audit [export [--since TIME]]",
                     "Writes who did what and when, as JSON Lines, oldest first.");
    line.option("since", "TIME", "from then on, in UTC: 2026-01-31, 2026-01-31T08:00:00");
    const auto parsed = line.parse(arguments, 1, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto& given = **parsed;
    const auto words = given.words();
    if (words.size() != 1 || words[0] != "export") return wrong_usage("write `audit export`");
    const auto since = given.text("since");
    if (!since.empty() && !is_time(since))
        return wrong_usage("--since: `" + since + "` is no time such as 2026-01-31T08:00:00");
    const auto server = Server::open(shell);
    if (!server) return server.error();
    return write_out(*server, since, shell);
}

} // namespace two_path::cli
