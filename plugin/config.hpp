/// The daemon's settings: read from one INI file and the command line, checked once, plain afterwards.
#pragma once

#include "ftp/port_range.hpp"
#include "plugin/push_rules.hpp"
#include "plugin/turn_rules.hpp"
#include "protocol/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace two_path {

/// An address of this machine and a TCP port; port 0 lets the kernel choose.
struct ListenAddress {
    boost::asio::ip::address address;
    std::uint16_t port{0};

    /// `ADDRESS:PORT`, IPv6 in brackets.
    [[nodiscard]] std::string text() const;
};

/// What becomes of a device that the embedded host sees for the first time.
enum class Accept : std::uint8_t {
    manual,    ///< it waits for the operator
    automatic, ///< it is accepted; written `auto`
};

/// Who says whether the bearer token of a Mender server's device holds.
enum class Verify : std::uint8_t { gateway, deviceauth, offline };

/// Everything that is configured; a struct per section of the file.
struct Settings {
    /// `[https]`: the first path.
    struct Https {
        ListenAddress listen{boost::asio::ip::address_v6::any(), 8443};
        /// PEM; both empty: `certificate.pem` and `key.pem` in state_dir/tls, made on the first start.
        std::filesystem::path certificate;
        std::filesystem::path key;
        std::vector<std::string> names; ///< for a certificate that is made: what devices call this machine
        std::vector<Network> trusted_proxies; ///< whose X-Forwarded-For says who asks
    };
    /// `[ftp]`: the second path.
    struct Ftp {
        ListenAddress listen{boost::asio::ip::address_v6::any(), 2121};
        std::string advertise; ///< the host given to devices; empty: the address they reached HTTPS under
        std::optional<ftp::PortRange> passive_ports; ///< none: any the kernel gives
        bool plain_login{false};   ///< the first certification information itself as the password
        bool same_data_peer{true}; ///< a data connection must come from the control connection's address
    };
    /// `[host]`: the device-management framework.
    struct Host {
        std::string type{"embedded"}; ///< or mender
        Accept accept{Accept::manual};
        std::chrono::hours token_lifetime{7 * 24}; ///< of the bearer tokens it issues
        bool update_requests{false}; ///< a device may order its own update; written never or accepted
        std::string public_url;      ///< begins the links given to devices; empty: what the device called us
        std::uint64_t max_artifact_size{std::uint64_t{10} << 30U}; ///< bytes of a whole .mender
        std::chrono::seconds release_poll{60};      ///< between two looks at what became of the artifacts
        std::chrono::seconds free_after{24 * 3600}; ///< from a release's deletion until its payload goes
    };
    /// `[mender]`: the Mender server, where that is the host.
    struct Mender {
        std::string url;                  ///< `https://HOST[:PORT]`, of its gateway
        std::filesystem::path token_file; ///< holds the personal access token
        std::filesystem::path ca_file;    ///< empty: the system's authorities
        Verify verify{Verify::gateway};
        std::string verify_url;           ///< of deviceauth's endpoint; only with that
        std::filesystem::path verify_key; ///< of deviceauth, public; only offline
        std::filesystem::path
            storage_ca_file; ///< of other hosts that artifacts come from; empty: the system's
        std::filesystem::path
            artifact_key; ///< public; must have signed what is imported signed; empty: anyone may
        std::filesystem::path sign_command; ///< signs what is imported signed; empty: people do
        std::string auto_import_tag;        ///< of releases that are imported by themselves; empty: none
        std::string
            auto_import_version_file; ///< PATH[:KEY] on their devices; empty: the version is not checked
    };
    /// `[session]`
    struct Session {
        std::chrono::seconds first_login{120}; ///< from the certification to the first login
        std::chrono::seconds lifetime{3600};   ///< of a certification; each progress renews it
        std::chrono::seconds abort_poll{15};   ///< between two looks for aborted deployments
        bool https_fallback{false};            ///< the bulk over HTTPS where the second path fails
        std::chrono::hours abandoned_after{std::chrono::hours{30 * 24}}; ///< without news; then it is expired
        std::uint64_t redeploy{3}; ///< orders after failed transfers, of one release to one device; 0: none
    };
    /// `[webhook]`: results to an external unit.
    struct Webhook {
        std::string url; ///< https://HOST[:PORT][/PATH]; empty: nobody is told
        std::filesystem::path secret_file;
        std::filesystem::path ca; ///< PEM; empty: the system's authorities
        std::chrono::seconds timeout{30};
        std::chrono::seconds give_up{3 * 86'400};
    };
    /// `[retention]`: what is forgotten, and when.
    struct Retention {
        std::chrono::hours sessions{365 * 24};
        std::uint64_t most_sessions{100'000};
        std::chrono::hours unused_payloads{7 * 24}; ///< that no release has
        std::uint64_t payload_quota{0};             ///< bytes; 0: none
    };
    /// `[limits]`
    struct Limits {
        std::size_t https_connections{2000};
        std::size_t https_connections_per_address{200};
        std::size_t ftp_connections{2000};
        std::size_t ftp_connections_per_address{64};
        std::size_t fallbacks{8};      ///< sessions whose bulk goes over HTTPS at a time
        std::uint64_t rate{0};         ///< of the second path in all, bytes per second; 0: no limit
        std::uint64_t session_rate{0}; ///< of one session, bytes per second; 0: no limit
    };

    /// `[metrics]`
    struct Metrics {
        std::filesystem::path token_file; ///< holds a bearer token for `metrics`; empty: operators' only
    };

    /// `FILE:LINE: key`, `--key` or `key (default)`: where a setting comes from, to begin a message with.
    [[nodiscard]] std::string place_of(const std::string& key) const;

    std::filesystem::path state_dir{"/var/lib/two-path-server"};
    std::filesystem::path file;       ///< the configuration file that was read; empty: there was none
    std::filesystem::path ports_file; ///< where the real ports are written when ready; empty: nowhere
    Https https;
    Ftp ftp;
    Host host;
    Mender mender;
    Session session;
    Webhook webhook;
    Retention retention;
    bool json_log{false};                               ///< `[log] format`
    std::uint64_t audit_size{std::uint64_t{64} << 20U}; ///< `[audit] max_mib`, in bytes
    Limits limits;
    Metrics metrics;
    PushRules push;                            ///< `[ftp] push`, `push_from`, `push_networks`, `push_ports`
    TurnRules turns;                           ///< `[session] hours` and `[limits] transfers`
    std::map<std::string, std::string> places; ///< by key, of those that were set
};

/// What the command line asks for.
enum class Command : std::uint8_t {
    serve,
    check_config,
    create_user,
    set_password,
    backup,
    restore,
    help,
    version
};

struct Invocation {
    Command command{Command::serve};
    Settings settings;
    std::string email;            ///< create_user and set_password only
    std::filesystem::path folder; ///< backup and restore only
};

/// Reads the command line (without the program's name) and the configuration file that it names, or the
/// default one where that exists. Fails with bad_request for the command line and bad_configuration for the
/// file; the detail is one whole line: `FILE:LINE: ...` or `--option: ...`, what is wrong, what to do.
[[nodiscard]] Result<Invocation> read_command_line(const std::vector<std::string>& arguments);

/// The text of `--help`.
[[nodiscard]] std::string help_text();

} // namespace two_path
