"""Tokens: stored as hashes, private files, revoked at once."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from gateway.web.secret_file import SecretFileError
from gateway.web.tokens import TOKEN_ROLES, TokenStore


def test_the_first_start_makes_one_token_for_each_role_in_private_files(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.ensure()
    assert [token.role for token in store.list()] == list(TOKEN_ROLES)
    for path in (store.path, store.first_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for token_id, text in store.first_texts().items():
        assert len(text) >= 43
        token = store.find(text)
        assert token is not None
        assert token.id == token_id
        assert token.sha256 == hashlib.sha256(text.encode()).hexdigest()
        assert text not in store.path.read_text()


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    before = (tmp_path / "tokens.json").read_bytes()
    TokenStore(tmp_path).ensure()
    assert (tmp_path / "tokens.json").read_bytes() == before


def test_a_created_token_is_found_by_another_store_and_gone_when_revoked(tmp_path: Path) -> None:
    gateway, command = TokenStore(tmp_path), TokenStore(tmp_path)
    gateway.ensure()
    assert gateway.find("hk_unknown") is None
    token, text = command.create("officer", "window 3")
    assert (token.id, token.name) == ("officer-2", "window 3")
    assert gateway.find(text) == token
    assert command.revoke(token.id)
    assert gateway.find(text) is None
    assert not command.revoke(token.id)


def test_a_number_of_a_revoked_token_may_come_again_but_its_text_does_not(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.ensure()
    _, first = store.create("chief", "")
    store.revoke("chief-2")
    _, second = store.create("chief", "")
    assert first != second
    assert store.find(first) is None


def test_hidden_texts_are_gone_and_the_tokens_stay(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.ensure()
    text = store.first_texts()["admin-1"]
    assert store.hide_first()
    assert store.first_texts() == {}
    assert not store.hide_first()
    assert store.find(text) is not None


def test_a_file_that_others_can_read_is_refused_with_the_fix(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    (tmp_path / "tokens.json").chmod(0o644)
    with pytest.raises(SecretFileError, match="chmod 600"):
        TokenStore(tmp_path).list()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    path = tmp_path / "tokens.json"
    path.write_text("{")
    with pytest.raises(SecretFileError, match=r"tokens\.json cannot be read"):
        TokenStore(tmp_path).list()
    path.write_text(json.dumps({"version": 9, "tokens": []}))
    with pytest.raises(SecretFileError, match="version 9"):
        TokenStore(tmp_path).list()
