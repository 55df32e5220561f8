@agent_execution
Feature: One trace runs through everything a request touched
  Segment:          Enterprise and Platform
  Business goal:    Answer a customer's question about a request from its trace alone
  Value impact:     Customers connect our work with their own monitoring
  Strategic impact: Open tracing standards put us inside enterprise operations

  @AEC-08 @segment.enterprise @segment.platform
  Rule: The caller's trace is found in every place that the request touched

    @smoke
    Scenario: A caller's trace is found wherever the run left a mark
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme watches
      When Acme runs a cost analysis under a trace of Acme's own
      Then Acme's trace is found in
        | place                          |
        | the answer to the request      |
        | every live event of the run    |
        | the stored run                 |
        | the record of each tool call   |
        | the partner's journal          |
        | the analytics record           |
        | the log of the backend         |
        | the log of the worker          |
        | the log of the tools           |
