#include "plugin/server_identity.hpp"

#include "plugin/log.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>
#include <vector>

namespace two_path {
namespace {

constexpr std::chrono::hours warning_time{90 * 24};

/// What a new certificate names: the settings' names first, the first of which becomes its common name.
std::vector<std::string> names_for(const Settings& settings) {
    auto names = settings.https.names;
    auto more = control::own_names();
    const auto& address = settings.https.listen.address;
    if (!address.is_unspecified()) more.push_back(address.to_string());
    for (auto& name : more)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    return names;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

std::string day_of(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 16> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

Result<void> make_identity(const Settings& settings, const control::CertificateFiles& files) {
    std::error_code ec;
    std::filesystem::create_directory(files.key.parent_path(), ec);
    if (ec) return fail(Errc::bad_configuration, files.key.parent_path().string() + ": " + ec.message());
    const auto names = names_for(settings);
    const auto made = control::make_certificate(files, names);
    if (!made) return made.error();
    const auto facts = control::inspect_certificate(files.certificate, {});
    if (!facts) return facts.error();
    log(Level::notice, "made a self-signed certificate for " + joined(names) + ", valid until " +
                           day_of(facts->not_after) + ": " + files.certificate.string() +
                           ", SHA-256 fingerprint " + facts->fingerprint);
    log(Level::notice,
        "copy that file to each device and name it there as \"ServerCertificate\" in mender.conf; "
        "operators give it to `two-path login --ca`");
    return {};
}

} // namespace

Result<control::CertificateFiles> ensure_identity(const Settings& settings) {
    control::CertificateFiles files{settings.https.certificate, settings.https.key};
    if (files.certificate.empty()) {
        const auto folder = settings.state_dir / "tls";
        files = {folder / "certificate.pem", folder / "key.pem"};
        if (!std::filesystem::exists(files.certificate)) {
            const auto made = make_identity(settings, files);
            if (!made) return made.error();
        }
    }
    const auto facts = control::inspect_certificate(files.certificate, settings.https.names);
    if (!facts) return facts.error();
    if (!facts->uncovered.empty())
        log(Level::warning, files.certificate.string() + " does not name " + joined(facts->uncovered) +
                                ", which [https] does: clients will refuse it under that name");
    return files;
}

void warn_of_expiry(const control::CertificateFiles& files) {
    const auto facts = control::inspect_certificate(files.certificate, {});
    if (!facts) {
        log(Level::warning, facts.error().detail);
        return;
    }
    const auto now = std::chrono::system_clock::now();
    if (facts->not_after < now)
        log(Level::error, files.certificate.string() + " expired on " + day_of(facts->not_after) +
                              ": devices and operators refuse it; replace it and restart");
    else if (facts->not_after - now < warning_time)
        log(Level::warning, files.certificate.string() + " expires on " + day_of(facts->not_after) +
                                ": give devices the next one before");
}

} // namespace two_path
