//! Whether the system lets the process have as many descriptors as the configuration needs.

use crate::server::Limits;

/// What is said where it does not; `most` is how many it may have.
pub(super) fn warning(limits: &Limits, most: u64) -> Option<String> {
    let needed = limits.descriptors();
    (most < needed).then(|| {
        format!(
            "{most} descriptors may be open here, and `connections` and `upstream_connections` in [server.limits] need {needed}; in a flood \
             connections wait or are 503 before these limits are reached. Write `LimitNOFILE={needed}` below [Service] (`systemctl edit kelisim`; for a \
             container raise `nofile` of its `ulimits`), or lower the limits where the machine allows no more, as some containers do"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_more_than_there_may_be_is_warned_of() {
        let limits = Limits { connections: 100, upstream_connections: 300, ..Limits::default() };
        assert_eq!(warning(&limits, 1400), None);
        let said = warning(&limits, 1399).unwrap();
        assert!(said.contains("1399 descriptors") && said.contains("`LimitNOFILE=1400`"), "{said}");
    }

    #[test]
    fn the_unit_that_is_shipped_has_enough_for_the_usual_limits() {
        let unit = include_str!("../../deploy/kelisim.service");
        let given = unit.lines().find_map(|line| line.strip_prefix("LimitNOFILE=")).unwrap();
        assert_eq!(warning(&Limits::default(), given.parse().unwrap()), None);
    }
}
