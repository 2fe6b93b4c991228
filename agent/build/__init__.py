"""Builds compliance-agent.pyz, the agent in one file: python -m agent.build."""
