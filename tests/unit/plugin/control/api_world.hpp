/// Both APIs behind their router, asked without sockets.
#pragma once

#include "plugin/control/audit_trail.hpp"
#include "plugin/control/device_api.hpp"
#include "plugin/control/doctor_api.hpp"
#include "plugin/control/monitoring_api.hpp"
#include "plugin/control/operator_api.hpp"
#include "plugin/control/retention.hpp"
#include "plugin/control/service_api.hpp"
#include "plugin/importing/import_api.hpp"
#include "tests/support/plugin_world.hpp"
#include "tests/support/text_body.hpp"

#include <boost/asio/system_executor.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>

namespace two_path::tests {

struct Answer {
    unsigned status{0};
    json::value body;
    control::Headers headers;

    /// The error body's stable name.
    [[nodiscard]] std::string reason() const {
        const auto* named = body.is_object() ? body.get_object().if_contains("reason") : nullptr;
        return named != nullptr && named->is_string() ? std::string(named->get_string()) : "";
    }
};

class ApiWorld : public PluginWorld {
  public:
    ApiWorld() {
        host.devices = {{"token-1", "device-1"}, {"token-2", "device-2"}};
        host.operators = {{"token-op", "operator@example.com"}};
        const boost::asio::any_io_executor anywhere = boost::asio::system_executor();
        control::add_device_api(router_, host, sessions(), update_requests_);
        control::add_service_api(router_, host, time.clock(), {"ftp.example", 2121, false});
        control::OperatorContext context{
            {anywhere, anywhere, anywhere}, host, store(), admission(), payloads(), sessions(), feed};
        context.audit = &audit;
        context.retention = &retention;
        context.doctor = &facts;
        router_.observe([this](const control::Request& request, const control::Response& response) {
            if (const auto entry = control::audit_entry(request, response)) audit.add(*entry);
        });
        control::add_operator_api(router_, context);
        importing::add_import_api(router_, host, nullptr);
        const auto network = [this]() -> awaitable<control::NetworkFigures> { co_return figures; };
        control::add_monitoring_api(router_, {host, store(), admission(), payloads(), feed, meters, network,
                                              folder.path(), "a-token-for-prometheus"});
        control::follow_sessions(store(), admission(), feed, meters);
    }

    Answer ask(const std::string& token, const std::string& method, const std::string& target,
               TextBody& body) {
        const auto response = respond(token, method, target, body);
        const auto type = response.headers.find("Content-Type");
        const bool is_json = type != response.headers.end() && type->second == "application/json";
        if (!is_json) return {response.status, nullptr, response.headers};
        return {response.status, json::parse(response.body), response.headers};
    }
    /// The body as it is, of a GET.
    std::string text(const std::string& token, const std::string& target) {
        TextBody body("");
        const auto response = respond(token, "GET", target, body);
        if (!response.file) return response.body;
        std::string content(response.file->size, '\0');
        BOOST_REQUIRE(::pread(response.file->descriptor->get(), content.data(), content.size(), 0) ==
                      static_cast<ssize_t>(content.size()));
        return content;
    }
    control::Response respond(const std::string& token, const std::string& method, const std::string& target,
                              TextBody& body) {
        control::Request request;
        request.method = method;
        const auto question = target.find('?');
        request.path = target.substr(0, question);
        if (question != std::string::npos) {
            const auto equals = target.find('=', question);
            request.query.emplace(target.substr(question + 1, equals - question - 1),
                                  target.substr(equals + 1));
        }
        if (!token.empty()) request.headers["Authorization"] = "Bearer " + token;
        request.local = boost::asio::ip::make_address("192.0.2.1");
        request.id = "request-1";
        request.body = &body;
        return run(router_.serve(request));
    }
    Answer ask(const std::string& token, const std::string& method, const std::string& target,
               const std::string& text = "") {
        TextBody body(text);
        return ask(token, method, target, body);
    }
    Answer device(const std::string& method, const std::string& path, const json::object& body = {}) {
        return ask("token-1", method, std::string(messages::device_api) + path, json::serialize(body));
    }
    Answer operate(const std::string& method, const std::string& path, const std::string& body = "") {
        return ask("token-op", method, std::string(messages::management_api) + path, body);
    }

    control::SessionFeed feed{boost::asio::system_executor(), host, store(), admission()};
    boost::asio::io_context work; ///< of timers that no test waits for
    control::AuditTrail audit{
        control::AuditTrail::open(folder / "audit", std::uint64_t{1} << 20U, time.clock()).value()};
    control::Retention retention{
        {boost::asio::system_executor(), work.get_executor(), boost::asio::system_executor()},
        store(),
        payloads(),
        {}};
    control::DoctorFacts facts{folder / "certificate.pem", {}, folder.path(), "ftp.example", 2121};
    control::Meters meters;
    control::NetworkFigures figures{{{200, 3}, {401, 1}}, 2, 1, true};

  private:
    control::UpdateRequests update_requests_{store(), host, true};
    control::Router router_;
};

} // namespace two_path::tests
