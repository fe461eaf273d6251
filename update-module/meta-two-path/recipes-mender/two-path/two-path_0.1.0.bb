SUMMARY = "Mender update module whose bulk takes a second path"
DESCRIPTION = "Control of an update stays on HTTPS; the bytes cross FTP in clear, and are used only block by block, \
each after its digest was found right."
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# Built are the sources in which this layer lies, so that the two are always of one version; or a commit of a
# repository. destsuffix puts a checkout where S points by default: below WORKDIR up to walnascar, below UNPACKDIR later.
TWO_PATH_GIT ?= ""
TWO_PATH_SRCREV ?= "INVALID"
TWO_PATH_SOURCES := "${@os.path.normpath(d.getVar('THISDIR') + '/../../../..')}"
SRC_URI = "${@'${TWO_PATH_GIT};destsuffix=${BP}' if d.getVar('TWO_PATH_GIT') else ''}"
SRCREV = "${TWO_PATH_SRCREV}"
EXTERNALSRC = "${@'' if d.getVar('TWO_PATH_GIT') else d.getVar('TWO_PATH_SOURCES')}"
EXTERNALSRC_SYMLINKS = ""

inherit externalsrc meson pkgconfig systemd update-rc.d

DEPENDS = "boost dbus libarchive openssl"
DEPENDS:class-native = "boost libarchive mender-artifact openssl sqlite3"
# Warnings are errors where two-path is developed; another compiler may have others.
EXTRA_OEMESON = "-Dplugin=false -Dtests=false -Dwerror=false -Db_ndebug=true -Dsystemd_unit_dir=${systemd_system_unitdir} \
    -Dsysvinit=${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'false', 'true', d)}"
EXTRA_OEMESON:class-native = "-Dupdate_module=false -Dtests=false -Dwerror=false -Db_ndebug=true"
CXXFLAGS:append:class-target = " -Os"
# On the build machine nothing but the operator's command, which can make a release without a server.
MESON_TARGET:class-native = "plugin/cli/two-path"

PACKAGECONFIG ??= ""
PACKAGECONFIG[self-contained] = "-Dself_contained=true,-Dself_contained=false,bzip2 xz zlib zstd"

# The package of the Mender client: mender-update (4 and later; the recipe of 3.x calls itself so as well on
# scarthgap), or mender-client (3.x).
TWO_PATH_CLIENT ?= "mender-update"

# The settings, /etc/two-path/two-path.conf: the key `mode` is TWO_PATH_MODE, and so on. What is empty keeps the module's
# default. A value that is JSON is taken as such, any other as text.
TWO_PATH_KEYS = "allow_downgrade boot_id_file byte_rate check_update_command confirm confirm_timeout connect_timeout \
    hours issuer mender_conf metered_command metered_limit_mib min_rate mode modules_dir push_address push_listen \
    push_ports seeds server_certificate server_url stall_timeout state_dir store token_command version_command"
TWO_PATH_STATE_DIR ?= "${@bb.utils.contains('MENDER_FEATURES', 'mender-image', '/data/two-path', '${localstatedir}/lib/two-path', d)}"
TWO_PATH_CHECK_UPDATE_COMMAND ?= '["${@"mender" if d.getVar("TWO_PATH_CLIENT") == "mender-client" else "mender-update"}", "check-update"]'
# A PEM file of the build machine: whom the device trusts for the server, unless mender.conf says it.
TWO_PATH_CA_FILE ?= ""
TWO_PATH_SERVER_CERTIFICATE ?= "${@'${sysconfdir}/two-path/certificate.pem' if d.getVar('TWO_PATH_CA_FILE') else ''}"

python do_two_path_conf() {
    import json

    settings = {}
    for key in d.getVar('TWO_PATH_KEYS').split():
        text = d.getVar('TWO_PATH_' + key.upper())
        if not text:
            continue
        try:
            settings[key] = json.loads(text)
        except ValueError:
            settings[key] = text
    with open(os.path.join(d.getVar('B'), 'two-path.conf'), 'w') as conf:
        json.dump(settings, conf, indent=2, sort_keys=True)
        conf.write('\n')
}
do_two_path_conf[vardeps] += "${@' '.join('TWO_PATH_' + key.upper() for key in d.getVar('TWO_PATH_KEYS').split())}"
addtask do_two_path_conf after do_compile before do_install

# The state scripts for artifacts are of no use on a device: `two-path publish --ask-device` has them in it.
do_install:append:class-target() {
    rm -r ${D}${datadir}/two-path

    install -D -m 0644 ${B}/two-path.conf ${D}${sysconfdir}/two-path/two-path.conf
    if [ -n "${TWO_PATH_CA_FILE}" ]; then
        install -m 0644 "${TWO_PATH_CA_FILE}" ${D}${sysconfdir}/two-path/certificate.pem
    fi

    install -d -m 0700 ${D}${TWO_PATH_STATE_DIR}
    if [ "${TWO_PATH_STATE_DIR}" != "${localstatedir}/lib/two-path" ]; then
        install -d ${D}${localstatedir}/lib
        ln -s ${TWO_PATH_STATE_DIR} ${D}${localstatedir}/lib/two-path
    fi
}

do_install:class-native() {
    install -D -m 0755 ${B}/plugin/cli/two-path ${D}${bindir}/two-path
    install -m 0755 ${S}/plugin/cli/two-path-artifact-gen ${D}${bindir}/two-path-artifact-gen
}
do_install[file-checksums] += "${@d.getVar('TWO_PATH_CA_FILE') + ':True' if d.getVar('TWO_PATH_CA_FILE') else ''}"

PACKAGE_BEFORE_PN = "${PN}-start ${PN}-inventory ${PN}-state-scripts ${PN}-state-scripts-version ${PN}-bash-completion"

FILES:${PN} = " \
    ${bindir}/two-path-device \
    ${datadir}/mender/modules/v3/two-path \
    ${localstatedir}/lib/two-path \
    ${sysconfdir}/two-path \
    ${TWO_PATH_STATE_DIR} \
"
CONFFILES:${PN} = "${sysconfdir}/two-path/two-path.conf"
RDEPENDS:${PN}:class-target = "${TWO_PATH_CLIENT} dbus"
RRECOMMENDS:${PN}:class-target = "${PN}-inventory ${PN}-start ${PN}-state-scripts ca-certificates"

FILES:${PN}-inventory = "${datadir}/mender/inventory/mender-inventory-two-path"
RDEPENDS:${PN}-inventory = "${PN}"

FILES:${PN}-state-scripts = " \
    ${sysconfdir}/mender/scripts/Idle_Enter_50_two-path \
    ${sysconfdir}/mender/scripts/Sync_Enter_50_two-path \
"
RDEPENDS:${PN}-state-scripts = "${PN}"
RRECOMMENDS:${PN}-state-scripts = "${PN}-state-scripts-version"
# Client 3.x stops syncing without it; a package of its own, as another recipe may bring the same file.
FILES:${PN}-state-scripts-version = "${sysconfdir}/mender/scripts/version"

# Tells the server of each restart that an update waits for; a unit or a script, as the image starts its services.
FILES:${PN}-start = "${systemd_system_unitdir}/two-path-start.service ${sysconfdir}/init.d/two-path-start"
RDEPENDS:${PN}-start = "${PN}"
SYSTEMD_PACKAGES = "${PN}-start"
SYSTEMD_SERVICE:${PN}-start = "two-path-start.service"
INITSCRIPT_PACKAGES = "${PN}-start"
INITSCRIPT_NAME:${PN}-start = "two-path-start"
INITSCRIPT_PARAMS:${PN}-start = "start 99 2 3 4 5 ."

FILES:${PN}-bash-completion = "${datadir}/bash-completion"

BBCLASSEXTEND = "native"
