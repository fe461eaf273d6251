#include "plugin/cli/account.hpp"

#include "plugin/durable_file.hpp"
#include "protocol/encoding.hpp"
#include "protocol/json.hpp"

#include <boost/json/serialize.hpp>

#include <system_error>

namespace two_path::cli {
namespace {

constexpr std::size_t max_account = 64 * 1024;

std::filesystem::path file_in(const std::filesystem::path& folder) {
    return folder / "account.json";
}

} // namespace

Result<Account> read_account(const std::filesystem::path& folder) {
    const auto file = file_in(folder);
    const auto text = read_small_file(file, max_account);
    if (!text && text.error().code == Errc::not_found) return Account{};
    if (!text) return fail(Errc::bad_configuration, text.error().detail);
    const auto object = parse_object(*text, file.string());
    if (!object)
        return fail(Errc::bad_configuration, object.error().detail + "; `two-path login` writes it anew");
    Fields fields(*object, file.string(), Errc::bad_configuration);
    Account account{fields.text("server"), fields.text_or("ca_file", ""), fields.text_or("email", ""),
                    fields.text_or("token", "")};
    if (!fields.ok()) return fields.error();
    return account;
}

Result<void> write_account(const std::filesystem::path& folder, const Account& account) {
    std::error_code ec;
    if (std::filesystem::create_directories(folder, ec))
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    if (ec) return fail(Errc::bad_configuration, folder.string() + ": " + ec.message());
    const json::object object{{"server", account.server},
                              {"ca_file", account.ca_file.string()},
                              {"email", account.email},
                              {"token", account.token}};
    auto text = json::serialize(object) + "\n";
    auto written = write_durably(file_in(folder), text, 0600);
    wipe(text);
    return written;
}

} // namespace two_path::cli
