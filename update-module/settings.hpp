/// What the device's owner set: /etc/two-path/two-path.conf, and what it takes from mender.conf.
#pragma once

#include "protocol/certification.hpp"
#include "protocol/day_hours.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace two_path::device {

/// Whether the files of an update are kept until all are here, and for the next attempt.
enum class Store : std::uint8_t {
    required,  ///< without room for them the update fails
    preferred, ///< without room they go straight to the installer
    never,     ///< they always do: nothing is written twice, and only seeds serve the next attempt
};

/// Checked once, when loaded; packaging/two-path.conf.example has each key with its default.
struct Settings {
    std::string state_dir{"/var/lib/two-path"}; ///< record, reports, blocks; must survive updates
    std::string modules_dir{"/usr/share/mender/modules/v3"};
    std::string mender_conf{"/etc/mender/mender.conf"};

    std::string server_url;         ///< without trailing `/`; empty: asked of the Mender client over D-Bus
    std::string server_certificate; ///< PEM file with the CA; default mender.conf's ServerCertificate
    std::vector<std::string> token_command; ///< argv that prints the bearer token; only with server_url

    std::vector<std::string> version_command; ///< argv that prints the installed version
    /// argv that has the Mender client look for an update now; empty: nothing does.
    std::vector<std::string> check_update_command{"mender", "check-update"};
    bool confirm_required{false}; ///< false: without the plugin, compare with the signed descriptor
    std::chrono::seconds confirm_timeout{600};
    bool allow_downgrade{false};

    Store store{Store::preferred};
    /// Files and block devices that may hold blocks of an update already, such as the passive partition; the
    /// first ones are looked at first.
    std::vector<std::string> seeds;

    std::vector<DayHours> hours;    ///< when updates may be fetched, in this device's time; empty: always
    std::uint64_t byte_rate{0};     ///< of the bulk, bytes per second; 0: no limit
    std::uint64_t metered_limit{0}; ///< bytes to fetch at most over a metered link; 0: no limit
    std::vector<std::string> metered_command; ///< argv; exit code 0 says that the link is metered

    std::chrono::seconds connect_timeout{10}; ///< each TCP connection of the second path
    std::chrono::seconds stall_timeout{30};   ///< silence of the second path
    std::uint64_t min_rate{1024}; ///< of the second path, bytes per second: what is slower is as good as dead

    Issuer issuer{Issuer::plugin}; ///< who makes the first certification information
    Mode mode{Mode::pull};         ///< who opens the second path's connections
    std::string push_address;      ///< push: where the plugin finds this device; an address, or an interface
    std::string push_listen;       ///< push: what to listen on instead, behind a port forwarding
    std::uint16_t push_first_port{0}; ///< push: control and data connections; 0: any
    std::uint16_t push_last_port{0};
    std::string boot_id_file{"/proc/sys/kernel/random/boot_id"};
    std::chrono::seconds module_timeout{14'400}; ///< mender.conf's ModuleTimeoutSeconds
};

/// The file that the environment's TWO_PATH_CONF names, which must exist, or else
/// /etc/two-path/two-path.conf, which need not. bad_configuration for an unknown key, a wrong type or an
/// impossible value.
[[nodiscard]] Result<Settings> load_settings();
/// The same of one named file. `required`: its absence is an error too.
[[nodiscard]] Result<Settings> load_settings(const std::string& path, bool required);

/// bad_configuration when an update with this installer replaces the storage that holds `state_dir`, which
/// must exist: one of Mender's for the root file system, and a `state_dir` on it.
[[nodiscard]] Result<void> check_survives(const Settings& settings, const std::string& installer);

} // namespace two_path::device
