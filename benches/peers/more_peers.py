"""Envoy and Caddy."""

from messages import snippet
from peers import PAGES, PLAIN, TLS, Started, lua_tables, named_ports, plain_or_tls
from processes import Running, filled

TYPE = '"@type": type.googleapis.com/envoy.extensions'
GZIP = f"{TYPE}.compression.gzip"


def script(text):
    """Envoy's Lua filter with a script as a block of its configuration."""
    block = "\n".join(" " * 16 + line for line in text.splitlines())
    return f"          - name: envoy.filters.http.lua\n            typed_config:\n              {TYPE}.filters.http.lua.v3.Lua\n              default_source_code:\n               inline_string: |\n{block}"


def page_filters():
    """Answers pass them from the last to the first: decoded, changed, encoded."""
    change = script(filled("envoy-page.lua", {"snippet": snippet().decode()}))
    library = "{ name: gzip, typed_config: { %s } }"
    encode = library % f"{GZIP}.compressor.v3.Gzip, memory_level: 9, window_bits: 15, compression_level: COMPRESSION_LEVEL_1, chunk_size: 16384"
    decode = library % f"{GZIP}.decompressor.v3.Gzip, window_bits: 15, chunk_size: 16384"
    return change, "\n".join([
        "          - name: envoy.filters.http.compressor\n"
        f"            typed_config: {{ {TYPE}.filters.http.compressor.v3.Compressor, compressor_library: {encode} }}",
        change,
        "          - name: envoy.filters.http.decompressor\n"
        f"            typed_config: {{ {TYPE}.filters.http.decompressor.v3.Decompressor, decompressor_library: {decode} }}",
    ])


class Envoy:
    can, cannot = PLAIN + ["W2"] + PAGES + TLS, {}
    key, title = "envoy", "Envoy with Lua"

    def start(self, place, cores):
        ports = named_ports("plain", "tls", "cookies", "page", "encoded")
        page, encoded = page_filters()
        filters = {"plain": "", "tls": "", "cookies": script(filled("envoy-cookies.lua", lua_tables())), "page": page, "encoded": encoded}
        transport = (
            f"{{ name: tls, typed_config: {{ {TYPE}.transport_sockets.tls.v3.DownstreamTlsContext, common_tls_context: {{"
            ' tls_params: { tls_minimum_protocol_version: TLSv1_3 }, alpn_protocols: ["h2", "http/1.1"],'
            f' tls_certificates: [{{ certificate_chain: {{ filename: "{place.certificate}" }}, private_key: {{ filename: "{place.key}" }} }}] }} }} }}'
        )
        listeners = [
            filled("envoy-listener.yaml", {"listener": name, "port": port, "filters": filters[name], "transport": transport if name == "tls" else "null"})
            for name, port in ports.items()
        ]
        path = place.write("envoy.yaml", "envoy.yaml", {"listeners": "".join(listeners), "origin": place.origin})
        command = [place.machine.envoy, "-c", path, "--concurrency", 1, "--disable-hot-restart", "-l", "error"]
        by_work = {"W2": "cookies", "W3": "page", "W4": "encoded", "W4s": "encoded"}
        port = lambda work: ports["tls" if work.tls else by_work.get(work.key, "plain")]
        return Started(Running("envoy", command, cores, place.folder, ports.values()), port)


class Caddy:
    can = PLAIN + TLS
    cannot = {
        "W2": "its header_down leaves an empty `Set-Cookie` line where it takes one out",
        "W3": "changing bodies needs a plugin that the program does not have",
        "W4": "as W3", "W4s": "as W3",
    }
    key, title = "caddy", "Caddy"

    def start(self, place, cores):
        ports = named_ports("plain", "tls")
        path = place.write("Caddyfile", "Caddyfile", place.values(self.key, ports))
        environment = {"GOMAXPROCS": "1", "XDG_DATA_HOME": str(place.folder), "XDG_CONFIG_HOME": str(place.folder), "HOME": str(place.folder)}
        command = [place.machine.caddy, "run", "--config", path, "--adapter", "caddyfile"]
        return Started(Running(self.key, command, cores, place.folder, ports.values(), environment), plain_or_tls(ports))
