#include "plugin/host_choice.hpp"

#include "plugin/host/embedded/embedded_host.hpp"

#include <utility>

namespace two_path {
namespace {

host::EmbeddedSettings embedded_settings(const Settings& settings) {
    host::EmbeddedSettings embedded;
    embedded.state_dir = settings.state_dir;
    embedded.acceptance =
        settings.host.accept == Accept::automatic ? host::Acceptance::automatic : host::Acceptance::manual;
    embedded.device_token_lifetime = settings.host.token_lifetime;
    embedded.user_token_lifetime = settings.host.token_lifetime;
    embedded.max_artifact_size = settings.host.max_artifact_size;
    embedded.public_url = settings.host.public_url;
    return embedded;
}

host::Verification verification(Verify verify) {
    switch (verify) {
    case Verify::deviceauth:
        return host::Verification::deviceauth;
    case Verify::offline:
        return host::Verification::offline;
    case Verify::gateway:
        break;
    }
    return host::Verification::gateway;
}

Result<host::MenderSettings> mender_settings(const Settings& settings) {
    const auto& given = settings.mender;
    const auto unusable = [&](const char* key, const Error& why) {
        return fail(Errc::bad_configuration, settings.place_of(key) + ": " + why.detail);
    };
    host::MenderSettings mender;
    auto server = control::Origin::parse(given.url);
    if (!server) return unusable("mender.url", server.error());
    mender.server = std::move(*server);
    mender.ca_file = given.ca_file;
    mender.token_file = given.token_file;
    mender.verification = verification(given.verify);
    mender.verify_key = given.verify_key;
    if (given.verify == Verify::deviceauth) {
        auto url = host::VerifyUrl::parse(given.verify_url);
        if (!url) return unusable("mender.verify_url", url.error());
        mender.verify_url = std::move(*url);
    }
    return mender;
}

Result<OpenedHost> open_embedded(const Settings& settings, const Executors& executors, MayBegin may_begin) {
    auto database = host::open_embedded_database(settings.state_dir);
    if (!database) return database.error();
    auto wanted = embedded_settings(settings);
    wanted.may_begin = std::move(may_begin);
    auto host = host::EmbeddedHost::create(executors, std::move(wanted), std::move(*database));
    if (!host) return host.error();
    auto forget = [embedded = host->get()](std::int64_t time) { return embedded->forget_deployments(time); };
    return OpenedHost{std::move(*host), nullptr, std::move(forget)};
}

Result<importing::TwinRules> twin_rules(const Settings& settings) {
    importing::TwinRules rules;
    rules.server = control::Origin::parse(settings.mender.url).value();
    rules.ca_file = settings.mender.ca_file;
    rules.storage_ca = settings.mender.storage_ca_file;
    rules.max_size = settings.host.max_artifact_size;
    rules.sign_command = settings.mender.sign_command;
    if (settings.mender.artifact_key.empty()) return rules;
    auto key = catalog::SignatureKey::read_public(settings.mender.artifact_key);
    if (!key)
        return fail(key.error().code, settings.place_of("mender.artifact_key") + ": " + key.error().detail);
    rules.artifact_key = std::move(*key);
    return rules;
}

} // namespace

Result<OpenedHost> open_host(const Settings& settings, const Executors& executors, MayBegin may_begin) {
    if (settings.host.type == "embedded") return open_embedded(settings, executors, std::move(may_begin));
    const auto wanted = mender_settings(settings);
    if (!wanted) return wanted.error();
    auto host = host::MenderHost::create(executors, *wanted);
    if (!host) return host.error();
    auto* mender = host->get();
    return OpenedHost{std::move(*host), mender, {}};
}

Result<std::unique_ptr<importing::Imports>> open_imports(const Settings& settings, const Executors& executors,
                                                         host::MenderHost* host, state::Store& store,
                                                         const catalog::Payloads& payloads) {
    if (host == nullptr) return nullptr;
    auto rules = twin_rules(settings);
    if (!rules) return rules.error();
    return importing::Imports::open(
        executors, *host, store, payloads, settings.state_dir / "imports", std::move(*rules),
        {settings.mender.auto_import_tag, settings.mender.auto_import_version_file},
        settings.host.free_after);
}

Result<void> check_host(const Settings& settings) {
    if (settings.host.type == "embedded") return {};
    const auto wanted = mender_settings(settings);
    if (!wanted) return wanted.error();
    if (const auto rules = twin_rules(settings); !rules) return rules.error();
    return host::check(*wanted);
}

} // namespace two_path
