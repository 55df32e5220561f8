@api
Feature: Users can do what their role permits, and nothing else
  Segment:          Early and Enterprise
  Business goal:    Let organisations give everybody exactly the access that their work needs
  Value impact:     An owner can invite a viewer without fear of unwanted changes
  Strategic impact: Large customers require roles that every endpoint enforces

  @API-04 @segment.early @segment.enterprise
  @needs.published_api @needs.endpoint_rules
  Rule: Every endpoint has an access rule and enforces it

    @gate
    @needs.colleagues @needs.roles @needs.operator
    @needs.cloud_accounts
    Scenario: Every endpoint is open to the permitted roles and no others
      Given Acme is an Enterprise customer with people in every role
      When everybody in Acme and the operator call every API endpoint
      Then every response follows the access rule of its endpoint
      And no refused request has changed Acme's data
      And every permission error names the missing permission

    @smoke
    @needs.cloud_accounts
    Scenario: No endpoint is accessible without an access rule
      Given Acme is an Early customer with one of each resource
      When Acme calls every API endpoint, with and without a token
      Then every response follows the access rule of its endpoint
      And the published API reference lists every endpoint that has an access rule

    @gate
    @needs.colleagues @needs.roles @needs.sessions @needs.allowances
    Scenario: A renewed session has the role of its user
      Given Acme is an Enterprise customer with an allowance
      And Ben of Acme is a viewer
      When Ben of Acme renews the session and tries to book an expense
      Then the response is a permission error
