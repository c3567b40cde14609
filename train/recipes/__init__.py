"""Recipes, one TOML file each, and what they may hold."""
