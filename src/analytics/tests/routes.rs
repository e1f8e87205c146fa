//! Which paths lead to which server, and which to nobody.

use http::Method;

use super::*;

fn find(preset: Preset, method: &Method, path: &str) -> Result<Option<Use>, NotPublic> {
    let routes = Routes::new(vec![usual(preset)]);
    routes.find(method, path).map(|asked| asked.map(|asked| asked.what))
}

#[test]
fn scripts_and_hits_of_each_preset_are_reached_by_their_methods() {
    let check = |preset, method: Method, below: &str, expected: Use| {
        let path = format!("/stats/{below}");
        assert_eq!(find(preset, &method, &path), Ok(Some(expected)), "{method} {path}");
    };
    for script in ["matomo.js", "piwik.js", "js/container_a1B2.js"] {
        check(Preset::Matomo, Method::GET, script, Use::Script);
        check(Preset::Matomo, Method::HEAD, script, Use::Script);
    }
    for method in [Method::GET, Method::POST] {
        check(Preset::Matomo, method.clone(), "matomo.php", Use::Hit);
        check(Preset::Matomo, method.clone(), "piwik.php", Use::Hit);
        check(Preset::Google, method.clone(), "g/collect", Use::Hit);
        check(Preset::Google, method, "ga/g/c", Use::Hit);
    }
    for script in ["", "gtag/js", "gtag/destination", "gtm.js"] {
        check(Preset::Google, Method::GET, script, Use::Script);
    }
    check(Preset::Umami, Method::GET, "script.js", Use::Script);
    check(Preset::Umami, Method::POST, "api/send", Use::Hit);
    for script in ["js/script.js", "js/script.hash.outbound-links.js", "js/pa-Xy_1.js"] {
        check(Preset::Plausible, Method::GET, script, Use::Script);
    }
    check(Preset::Plausible, Method::POST, "api/event", Use::Hit);
}

#[test]
fn pages_of_operators_and_detours_are_reached_by_nobody() {
    let check = |preset, method: Method, path: &str| {
        assert_eq!(find(preset, &method, path), Err(NotPublic), "{method} {path}");
    };
    for path in [
        "/stats",
        "/stats/",
        "/stats/index.php",
        "/stats/index.php?module=Login",
        "/stats/matomo.php/",
        "/stats/matomo.php/index.php",
        "/stats/js/container_../../index.php/x.js",
        "/stats/js/container_a/b.js",
        "/stats/js/container_%2e.js",
        "/stats/plugins/HeatmapSessionRecording/configs.php",
        "/stats/%6datomo.php",
        "/stats/./matomo.php",
        "/stats//matomo.php",
        "//stats/matomo.php",
        "/x/../stats/matomo.php",
        "/%73tats/matomo.php",
        "/stats;x/matomo.php",
        "/stats/MATOMO.PHP",
    ] {
        check(Preset::Matomo, Method::GET, path);
    }
    check(Preset::Matomo, Method::DELETE, "/stats/matomo.php");
    check(Preset::Matomo, Method::POST, "/stats/matomo.js");
    check(Preset::Umami, Method::GET, "/stats/api/send");
    for path in ["/stats/login", "/stats/api/websites", "/stats/api/auth/login", "/stats/dashboard"] {
        check(Preset::Umami, Method::POST, path);
        check(Preset::Plausible, Method::GET, path);
    }
    check(Preset::Google, Method::GET, "/stats/debug/bootstrap");
}

#[test]
fn other_paths_are_the_site_s() {
    for path in ["/", "/statistics", "/stat", "/a/stats/matomo.php", "/matomo.php"] {
        assert_eq!(find(Preset::Matomo, &Method::GET, path), Ok(None), "{path}");
    }
    assert_eq!(Routes::default().find(&Method::GET, "/stats/matomo.php"), Ok(None));
}
