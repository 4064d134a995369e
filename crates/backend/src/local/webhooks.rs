//! Which webhooks are due, and which endpoints want none.

use headshot_core::{JobRecord, Tenant};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use tracing::error;

use super::database::Durability;
use super::records::{LocalRecords, parse};
use crate::contract::jobs::DisabledEndpoint;
use crate::contract::jobs::record_time;
use crate::error::{Context, Result};

impl LocalRecords {
    pub(crate) async fn due_webhooks(&self, limit: usize) -> Result<Vec<JobRecord>> {
        let now = record_time().as_microsecond();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT document FROM jobs WHERE webhook_due <= ?1 ORDER BY webhook_due LIMIT ?2",
            )?;
            let documents = statement.query_map(params![now, limit], |row| row.get::<_, String>(0))?;
            let mut records = Vec::new();
            for document in documents {
                match parse(&document?) {
                    Ok(record) => records.push(record),
                    // One damaged record must not keep back the webhooks of all others.
                    Err(error) => {
                        error!(error = %format_args!("{error:#}"), "the webhook of a damaged record is passed over");
                    }
                }
            }
            Ok(records)
        };
        self.database.read(query).await
    }

    pub(crate) async fn disable_endpoint(&self, endpoint: &DisabledEndpoint) -> Result<()> {
        let DisabledEndpoint { tenant, url, job_id, at } = endpoint.clone();
        let insert = "INSERT INTO disabled_endpoints (tenant, url, job_id, at) VALUES (?1, ?2, ?3, ?4) \
                      ON CONFLICT DO NOTHING";
        self.database
            .write(Durability::Kill, move |transaction| {
                let row = params![tenant.as_str(), url, job_id.to_string(), at.as_microsecond()];
                transaction.prepare_cached(insert)?.execute(row)?;
                Ok(())
            })
            .await
    }

    pub(crate) async fn enable_endpoint(&self, tenant: &Tenant, url: &str) -> Result<bool> {
        let (tenant, url) = (tenant.clone(), url.to_owned());
        let delete = "DELETE FROM disabled_endpoints WHERE tenant = ?1 AND url = ?2";
        self.database
            .write(Durability::PowerCut, move |transaction| {
                Ok(transaction.prepare_cached(delete)?.execute(params![tenant.as_str(), url])? == 1)
            })
            .await
    }

    pub(crate) async fn disabled_endpoint(
        &self,
        tenant: &Tenant,
        url: &str,
    ) -> Result<Option<DisabledEndpoint>> {
        let (tenant, url) = (tenant.clone(), url.to_owned());
        let select = "SELECT job_id, at FROM disabled_endpoints WHERE tenant = ?1 AND url = ?2";
        let query = move |connection: &Connection| {
            let row = connection
                .prepare_cached(select)?
                .query_row(params![tenant.as_str(), url], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            let Some((job_id, at)) = row else { return Ok(None) };
            let job_id = job_id.parse().context("a disabled endpoint names no job")?;
            let at = Timestamp::from_microsecond(at).context("a disabled endpoint has no time")?;
            Ok(Some(DisabledEndpoint { tenant, url, job_id, at }))
        };
        self.database.read(query).await
    }
}
