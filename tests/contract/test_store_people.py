"""What every store keeps of people: silences, choices, those added at run time, stopped addresses, keys, false alarms."""

from datetime import timedelta

from support.storing import NOW

from monitor.model import Choices, Person, Silence, Stop, Verdict

HOUR = timedelta(hours=1)


def silence(name, **given):
    return Silence(**{"id": name, "rule": "base", "author": "ann", "since": NOW, "until": NOW + HOUR} | given)


def test_silences_are_in_force_until_they_end(contract):
    async def test(store):
        one, two = silence("one", label=("a", "ب"), rule=None), silence("two", since=NOW + HOUR, until=NOW + 3 * HOUR)
        await store.add_silence(one)
        await store.add_silence(two)
        assert await store.silences(NOW) == (one,)
        assert await store.silences(NOW + HOUR) == (two,)
        assert await store.silences() == (two, one)
        assert await store.end_silence("two", NOW + 2 * HOUR)
        assert not await store.end_silence("two", NOW + 2 * HOUR)
        assert not await store.end_silence("nothing", NOW)
        assert await store.silences(NOW + 2 * HOUR) == ()
        assert (await store.silences())[0].until == NOW + 2 * HOUR

    contract(test)


def test_people_and_what_they_chose_come_back_as_they_were_and_raise_the_version(contract):
    async def test(store):
        person = Person(id="p", title="Пётр", channel="mail", addresses=("p@x.org",), quiet=("22:00-07:00",), since=NOW)
        chosen = Choices(subscriber_id="p", without=("a",), timezone="Asia/Gaza", quiet=(), at=NOW)
        versions = [await store.people_version()]
        for change in (
            lambda: store.put_person(person),
            lambda: store.put_choices(chosen),
            lambda: store.stop_address("P@x.org", "bounced", "550 gone", NOW),
            lambda: store.resume_address("p@X.org"),
        ):
            await change()
            versions.append(await store.people_version())
        assert versions == sorted(set(versions))
        assert await store.people() == (person,)
        assert await store.choices() == {"p": chosen}
        assert await store.stopped() == {}

    contract(test)


def test_an_address_is_stopped_once(contract):
    async def test(store):
        assert await store.stop_address("P@x.org", "bounced", "550 gone", NOW)
        assert not await store.stop_address("p@x.org", "complained", "", NOW + HOUR)
        assert await store.stopped() == {
            "p@x.org": Stop(address="p@x.org", reason="bounced", detail="550 gone", at=NOW)
        }
        assert await store.resume_address("p@x.org")
        assert not await store.resume_address("p@x.org")

    contract(test)


def test_the_first_key_of_links_stays(contract):
    async def test(store):
        assert await store.link_keys(b"a" * 32) == (b"a" * 32,)
        assert await store.link_keys(b"b" * 32) == (b"a" * 32,)

    contract(test)


def test_a_false_alarm_is_kept_once(contract):
    async def test(store):
        verdict = Verdict(alert_key="k", rule_id="base", subscriber_id="desk", at=NOW)
        await store.put_verdict(verdict)
        await store.put_verdict(verdict)
        assert await store.verdicts() == (verdict,)

    contract(test)
