#include "plugin/control/metrics_text.hpp"

#include <array>
#include <concepts>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace two_path::control {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string number(std::integral auto value) {
    return std::to_string(value);
}
std::string number(double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.15g", value);
    return text.data();
}

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c == '\\' || c == '"') text.push_back('\\');
        if (c == '\n')
            text.append("\\n");
        else
            text.push_back(c);
    }
    return text;
}

/// One metric after the other: family(), then its samples.
class Writer {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    template<class Number>
    void sample(Number value, Labels labels = {}) {
        text_.append(name_);
        char before = '{';
        for (const auto& [label, content] : labels) {
            text_.append(1, before).append(label).append("=\"").append(escaped(content)).append("\"");
            before = ',';
        }
        text_.append(labels.size() > 0 ? "} " : " ").append(number(value)).append("\n");
    }
    template<class Number>
    void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
        family(name, type, help);
        sample(value);
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    std::string text_;
    std::string_view name_;
};

void write_sessions(Writer& writer, const MonitoringContext& context) {
    writer.family("two_path_sessions", "gauge", "Sessions that have not ended, by state.");
    for (const auto& [state, count] : context.store.unfinished_counts())
        writer.sample(count, {{"state", name_of(state)}});
    writer.family("two_path_sessions_ended_total", "counter",
                  "Sessions that ended, by final state and reason (docs/operations.md lists them).");
    for (const auto& [key, count] : context.meters.ended())
        writer.sample(count, {{"state", key.first}, {"reason", key.second}});
}

/// One family for each figure of the transfers.
template<class Figure>
void write_transfers(Writer& writer, const Meters& meters, std::string_view name, std::string_view help,
                     Figure figure) {
    writer.family(name, "counter", help);
    for (const auto& [key, sum] : meters.transfers())
        writer.sample(sum.*figure, {{"path", key.first}, {"mode", key.second}});
}

void write_load(Writer& writer, const MonitoringContext& context) {
    const auto& meters = context.meters;
    write_transfers(writer, meters, "two_path_transfers_total",
                    "Transfers that were completed, by the path of their bytes and mode.",
                    &TransferSum::transfers);
    write_transfers(writer, meters, "two_path_transferred_bytes_total",
                    "Bytes verified in completed transfers.", &TransferSum::bytes);
    write_transfers(writer, meters, "two_path_transfer_seconds_total", "Wall time of completed transfers.",
                    &TransferSum::seconds);
    write_transfers(writer, meters, "two_path_transfer_cpu_seconds_total",
                    "CPU time of completed transfers on the devices.", &TransferSum::cpu_seconds);
    writer.family("two_path_sent_bytes_total", "counter",
                  "Bytes of the bulk by path, those of unfinished transfers too.");
    writer.sample(meters.sent().ftp, {{"path", "ftp"}});
    writer.sample(meters.sent().https, {{"path", "https"}});
    writer.single("two_path_fallbacks_total", "counter",
                  "Times that a session's bulk went over to HTTPS, since the second path failed.",
                  meters.fallbacks());
    writer.single("two_path_second_path_logins_refused_total", "counter",
                  "Logins at the FTP server whose certification did not hold.",
                  context.admission.refused_logins());
}

void write_network(Writer& writer, const NetworkFigures& network) {
    writer.family("two_path_https_requests_total", "counter", "Answers of the HTTPS server, by status.");
    for (const auto& [status, count] : network.answers)
        writer.sample(count, {{"status", std::to_string(status)}});
    writer.single("two_path_https_connections", "gauge", "Open connections of the first path.",
                  network.https_connections);
    writer.single("two_path_ftp_connections", "gauge", "Open connections of the FTP server.",
                  network.ftp_connections);
}

void write_storage(Writer& writer, const MonitoringContext& context) {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    if (const auto payloads = context.payloads.list()) {
        files = payloads->size();
        for (const auto& payload : *payloads)
            bytes += payload.size;
    }
    writer.single("two_path_catalog_bytes", "gauge", "Bytes of the payloads in the catalog.", bytes);
    writer.single("two_path_catalog_payloads", "gauge", "Payloads in the catalog.", files);
    std::error_code ec;
    const auto space = std::filesystem::space(context.state_dir, ec);
    if (!ec)
        writer.single("two_path_state_free_bytes", "gauge", "Bytes free where the state is.",
                      space.available);
}

std::uint64_t resident_bytes() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void write_process(Writer& writer, std::int64_t started) {
    writer.family("two_path_build_info", "gauge", "Always 1; the version is its label.");
    writer.sample(1, {{"version", TWO_PATH_VERSION}});
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    writer.single("process_cpu_seconds_total", "counter", "CPU time of the server.",
                  seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
    writer.single("process_resident_memory_bytes", "gauge", "Resident memory of the server.",
                  resident_bytes());
    writer.single("process_start_time_seconds", "gauge", "Start of the server, UNIX time.",
                  static_cast<double>(started / 1000));
}

} // namespace

std::string metrics_text(const MonitoringContext& context, const NetworkFigures& network,
                         std::int64_t started) {
    Writer writer;
    write_sessions(writer, context);
    write_load(writer, context);
    write_network(writer, network);
    write_storage(writer, context);
    writer.single("two_path_watchers", "gauge", "Operators' pages and others that watch the sessions.",
                  context.feed.watchers());
    write_process(writer, started);
    return std::move(writer).text();
}

} // namespace two_path::control
