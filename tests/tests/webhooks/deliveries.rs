use anyhow::Result;
use headshot_tests::{TestApp, drawn_pet};

use crate::receiver::Receiver;
use crate::{NEXT_SECRET, SECRET, Tenants};

#[test]
fn a_worker_that_is_killed_between_sending_and_noting_it_has_it_sent_again_with_the_same_id() -> Result<()> {
    let tenants = Tenants::new(&[SECRET])?;
    let mut app = TestApp::start_with(tenants.options().worker("WEBHOOK_TIMEOUT_SECONDS", 3))?;
    // The first message has arrived, but its sender never hears so.
    let shop = Receiver::start(|number| (number > 1).then_some(200))?;
    let id = app.submit_telling(&drawn_pet(800), &shop.url())?;
    shop.until_heard(1)?;
    app.kill_9_worker()?;
    let webhook = app.record(&id)?["webhook"].take();
    assert_eq!((&webhook["state"], &webhook["attempts"]), (&"pending".into(), &0.into()));
    app.start_worker(0)?;
    let webhook = app.wait_webhook(&id, "delivered")?;
    assert_eq!(webhook["attempts"], 1, "the dead worker could write of no attempt");
    let heard = shop.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].header("webhook-id"), format!("msg_{id}"));
    assert_eq!(heard[0].header("webhook-id"), heard[1].header("webhook-id"));
    assert_eq!(heard[0].body, heard[1].body);
    assert!(heard[0].is_signed_with(SECRET)? && heard[1].is_signed_with(SECRET)?);
    Ok(())
}

#[test]
fn a_secret_is_changed_without_a_restart_and_without_a_gap() -> Result<()> {
    let tenants = Tenants::new(&[SECRET])?;
    let app = TestApp::start_with(tenants.options())?;
    let shop = Receiver::start(|_| Some(204))?;
    let photo = drawn_pet(800);
    let tell = |wanted: &dyn Fn(bool, bool) -> bool| -> Result<()> {
        // The programs look at the file every few seconds; until then the old secrets sign.
        loop {
            let id = app.submit_telling(&photo, &shop.url())?;
            app.wait_webhook(&id, "delivered")?;
            let heard = shop.heard();
            let last = heard.last().expect("it was delivered");
            let (old, new) = (last.is_signed_with(SECRET)?, last.is_signed_with(NEXT_SECRET)?);
            assert!(old || new, "somebody's signature is always there: {last:?}");
            if wanted(old, new) {
                return Ok(());
            }
        }
    };
    tell(&|old, new| old && !new)?;
    tenants.set(&[SECRET, NEXT_SECRET])?;
    tell(&|old, new| old && new)?;
    tenants.set(&[NEXT_SECRET])?;
    tell(&|old, new| !old && new)
}

#[test]
fn what_an_order_is_called_stays_in_the_body() -> Result<()> {
    let tenants = Tenants::new(&[SECRET])?;
    let app = TestApp::start_with(tenants.options())?;
    let shop = Receiver::start(|_| Some(200))?;
    let order = "\"},X-Evil: 1;ü🐶</script>";
    let url = format!("{}?webhook-signature=v1,x", shop.url());
    let id = app.submit_order_telling(&drawn_pet(800), order, &url)?;
    app.wait_webhook(&id, "delivered")?;
    let heard = &shop.heard()[0];
    let body: serde_json::Value = serde_json::from_slice(&heard.body)?;
    assert_eq!(body["data"]["order_id"], order);
    assert!(heard.is_signed_with(SECRET)?);
    assert_eq!(heard.headers.len(), 8, "{:?}", heard.headers);
    Ok(())
}
